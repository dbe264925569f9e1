#include "store/file.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dovewatch {
namespace {

constexpr mode_t private_mode = 0640;

std::string group_name(gid_t gid) {
    const group* entry = getgrgid(gid); // NOLINT(concurrency-mt-unsafe)
    return entry != nullptr ? entry->gr_name : fmt::format("{}", gid);
}

// Who may do it instead, as far as the file or its folder tells.
std::string permission_hint(const std::filesystem::path& file) {
    struct stat status {};
    if (stat(file.c_str(), &status) == 0) {
        return fmt::format("user {} lacks permission: run as a member of group '{}'", geteuid(),
                           group_name(status.st_gid));
    }
    return fmt::format("user {} lacks permission for the folder {}", geteuid(), file.parent_path().string());
}

Result<void> take_over_new_file(int descriptor, const std::filesystem::path& file) {
    struct stat folder {};
    if (stat(file.parent_path().c_str(), &folder) == 0) {
        // Only root, or a member, may give a file to a group; for others the folder's set-group-ID bit does.
        [[maybe_unused]] const int given = fchown(descriptor, static_cast<uid_t>(-1), folder.st_gid);
    }
    if (fchmod(descriptor, private_mode) != 0) {
        return tl::make_unexpected(file_error(file, "created", errno));
    }
    return {};
}

Result<int> create_private_file(const std::filesystem::path& file) {
    const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, private_mode);
    if (descriptor < 0) {
        return tl::make_unexpected(file_error(file, "created", errno));
    }
    if (auto taken = take_over_new_file(descriptor, file); !taken) {
        close(descriptor);
        return tl::make_unexpected(taken.error());
    }
    return descriptor;
}

} // namespace

Result<int> open_private_file(const std::filesystem::path& file) {
    // O_NONBLOCK: a FIFO of that name must not hold up the daemon.
    const int descriptor = open(file.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0 && errno == ENOENT) {
        return create_private_file(file);
    }
    if (descriptor < 0) {
        return tl::make_unexpected(file_error(file, "written", errno));
    }
    struct stat status {};
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(descriptor);
        return failed(fmt::format("{} is not a regular file: remove it", file.string()));
    }
    return descriptor;
}

Result<std::filesystem::path> resolve_folder(const std::filesystem::path& file) {
    const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
    std::error_code error;
    const std::filesystem::path real = std::filesystem::canonical(folder, error);
    if (error) {
        if (error == std::errc::no_such_file_or_directory) {
            return unavailable(
                fmt::format("{}: the folder {} does not exist: create it, or correct --database",
                            file.string(), folder.string()));
        }
        return tl::make_unexpected(file_error(file, "reached", error.value()));
    }
    return real / file.filename();
}

Error file_error(const std::filesystem::path& file, std::string_view verb, int error) {
    const std::string refused = fmt::format("{} cannot be {}: ", file.string(), verb);
    switch (error) {
    case ENOENT:
        return {Error::Kind::unavailable, refused + "it does not exist"};
    case EACCES:
    case EPERM:
        return {Error::Kind::failed, refused + permission_hint(file)};
    case EROFS:
        return {Error::Kind::failed, refused + "its file system is mounted read-only"};
    case ELOOP:
        return {Error::Kind::failed, refused + "it is a symbolic link: remove it, or name the file itself"};
    case ENOSPC:
    case EDQUOT:
        return {Error::Kind::unavailable, refused + "the disk is full: make room"};
    default:
        return {Error::Kind::unavailable, refused + std::strerror(error)};
    }
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0 || fsync(descriptor) != 0) {
        const int error = errno;
        if (descriptor >= 0) {
            close(descriptor);
        }
        return tl::make_unexpected(file_error(folder, "written", error));
    }
    close(descriptor);
    return {};
}

} // namespace dovewatch
