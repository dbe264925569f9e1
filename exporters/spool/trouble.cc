#include "exporters/spool/trouble.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace dovewatch::spool {
namespace {

using Kind = Trouble::Kind;

tl::unexpected<Trouble> trouble(Kind kind, std::string message) {
    return tl::make_unexpected(Trouble{kind, std::move(message)});
}

bool concerns_all_files(int error) {
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EROFS:
    case EIO:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ESTALE:
        return true;
    default:
        return false;
    }
}

std::string permission_mend(const std::filesystem::path& place) {
    return fmt::format("user {} lacks permission: give {} to that user, or run as its owner", geteuid(),
                       place.string());
}

std::string reason_and_mend(const std::filesystem::path& place, int error) {
    switch (error) {
    case ENOENT:
        return "it does not exist: create the folder, or mount what holds it";
    case ENOTDIR:
        return "it is not a folder: move it away, or name another folder";
    case EACCES:
    case EPERM:
        return permission_mend(place);
    case EROFS:
        return "its file system is mounted read-only: mount it writable";
    case ENOSPC:
        return "the disk is full: make room";
    case EDQUOT:
        return "the disk quota is used up: make room, or raise it";
    default:
        return std::strerror(error);
    }
}

} // namespace

tl::unexpected<Trouble> file_trouble(const std::filesystem::path& file, std::string_view verb, int error) {
    return trouble(concerns_all_files(error) ? Kind::folder : Kind::file,
                   fmt::format("{} cannot be {}: {}", file.string(), verb, reason_and_mend(file, error)));
}

tl::unexpected<Trouble> folder_trouble(const std::filesystem::path& folder, int error) {
    return trouble(Kind::folder, fmt::format("the spool folder {} cannot be written: {}", folder.string(),
                                             reason_and_mend(folder, error)));
}

tl::unexpected<Trouble> locked(std::string message) {
    return trouble(Kind::locked, std::move(message));
}

tl::unexpected<Trouble> refused(std::string message) {
    return trouble(Kind::refused, std::move(message));
}

tl::unexpected<Trouble> cannot_own(std::string message) {
    return trouble(Kind::owner, std::move(message));
}

} // namespace dovewatch::spool
