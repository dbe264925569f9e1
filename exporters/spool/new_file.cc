#include "exporters/spool/new_file.h"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace dovewatch::spool {
namespace {

constexpr mode_t file_mode = 0640;
constexpr auto unchanged = static_cast<uid_t>(-1);

std::string new_name() {
    static std::atomic<std::uint64_t> last{0};
    return fmt::format("{}{}-{}", unfinished_prefix, getpid(), ++last);
}

int write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(file, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return errno;
        }
        text.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
    return 0;
}

std::string wanted_owner(const SpoolOptions& options) {
    const auto text = [](const auto& id) { return id ? std::to_string(*id) : std::string("as it is"); };
    return fmt::format("(spool-owner {}, spool-group {})", text(options.owner), text(options.group));
}

tl::unexpected<Trouble> owner_trouble(const SpoolOptions& options, int error) {
    if (error != EPERM && error != EINVAL) {
        return folder_trouble(options.folder, error);
    }
    return cannot_own(
        fmt::format("user {} may not give the files of {} away {}: run as the owner and a member of "
                    "the group, or as root, or correct spool-owner and spool-group",
                    geteuid(), options.folder.string(), wanted_owner(options)));
}

// What the configuration wants must be; what the replaced file had is kept where the system lets us.
Attempt<void> set_owner(int file, const SpoolOptions& options, const struct stat* replaced) {
    if (replaced != nullptr) {
        [[maybe_unused]] const int kept = fchown(file, replaced->st_uid, replaced->st_gid);
    }
    const bool wanted = options.owner || options.group;
    if (wanted && fchown(file, options.owner.value_or(unchanged), options.group.value_or(unchanged)) != 0) {
        return owner_trouble(options, errno);
    }
    return {};
}

// Returns errno.
int fill(int file, std::string_view text, UtcTime mtime) {
    if (const int error = write_all(file, text); error != 0) {
        return error;
    }
    const timespec times[] = {to_timespec(mtime), to_timespec(mtime)};
    return fchmod(file, file_mode) == 0 && futimens(file, times) == 0 ? 0 : errno;
}

} // namespace

Attempt<NewFile> NewFile::make(const Folder& folder, std::string_view text, UtcTime mtime,
                               const struct stat* replaced) {
    std::string name = new_name();
    const UniqueFd file(
        openat(folder.own(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file_mode));
    if (!file) {
        return folder_trouble(folder.options().folder, errno);
    }
    NewFile made(folder, std::move(name));
    if (auto owned = set_owner(file.get(), folder.options(), replaced); !owned) {
        return tl::make_unexpected(owned.error());
    }
    if (const int error = fill(file.get(), text, mtime); error != 0) {
        return folder_trouble(folder.options().folder, error);
    }
    return made;
}

NewFile::~NewFile() {
    if (!name_.empty()) {
        unlinkat(folder_.own(), name_.c_str(), 0);
    }
}

int NewFile::replace(int folder, const std::string& name) {
    if (renameat(folder_.own(), name_.c_str(), folder, name.c_str()) != 0) {
        return errno;
    }
    name_.clear();
    return 0;
}

int NewFile::place(int folder, const std::string& name) {
    return linkat(folder_.own(), name_.c_str(), folder, name.c_str(), 0) == 0 ? 0 : errno;
}

Attempt<void> probe(const Folder& folder) {
    if (faccessat(folder.descriptor(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
        return folder_trouble(folder.options().folder, errno);
    }
    return NewFile::make(folder, "", UtcTime{}, nullptr).map([](const NewFile&) {});
}

} // namespace dovewatch::spool
