#include "exporters/spool/folder.h"

#include "exporters/spool/file_name.h"

#include <cerrno>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dovewatch::spool {
namespace {

constexpr mode_t folder_mode = 0750;
constexpr mode_t own_folder_mode = 0700;
constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr auto unchanged = static_cast<uid_t>(-1);

// As the configuration has it, whatever the umask.
int set_access(int folder, const SpoolOptions& options) {
    const bool owned =
        fchown(folder, options.owner.value_or(unchanged), options.group.value_or(unchanged)) == 0;
    return owned && fchmod(folder, folder_mode) == 0 ? 0 : errno;
}

int create_folder(int parent, const std::string& name, const SpoolOptions& options) {
    if (mkdirat(parent, name.c_str(), folder_mode) != 0) {
        return errno;
    }
    const UniqueFd made(openat(parent, name.c_str(), folder_flags | O_NOFOLLOW));
    return made ? set_access(made.get(), options) : errno;
}

// With errno where there is no descriptor.
UniqueFd enter_one(int parent, const std::string& name, const SpoolOptions& options,
                   Folder::Missing missing) {
    UniqueFd entered(openat(parent, name.c_str(), folder_flags | O_NOFOLLOW));
    if (entered || errno != ENOENT || missing == Folder::Missing::leave) {
        return entered;
    }
    const int error = create_folder(parent, name, options);
    if (error != 0) {
        errno = error;
        return entered;
    }
    return UniqueFd(openat(parent, name.c_str(), folder_flags | O_NOFOLLOW));
}

tl::unexpected<Trouble> wrong_folder(const std::filesystem::path& path, int error) {
    if (error == ELOOP || error == ENOTDIR) {
        return refused(
            fmt::format("{} is not a folder, as the long names below it need: remove it", path.string()));
    }
    return file_trouble(path, "entered", error);
}

UniqueFd open_own(int parent) {
    return UniqueFd(openat(parent, own_folder_name, folder_flags | O_NOFOLLOW));
}

// Returns errno.
int create_own(int parent) {
    if (mkdirat(parent, own_folder_name, own_folder_mode) != 0) {
        return errno;
    }
    const UniqueFd made = open_own(parent);
    return made && fchmod(made.get(), own_folder_mode) == 0 ? 0 : errno;
}

tl::unexpected<Trouble> wrong_own_folder(const std::filesystem::path& path, int error) {
    if (error == ELOOP || error == ENOTDIR) {
        return refused(
            fmt::format("{} is not a folder, as the exporter needs for unfinished files: remove it; "
                        "all sessions wait until then",
                        path.string()));
    }
    return folder_trouble(path, error);
}

// No descriptor where it is missing and left so.
Attempt<UniqueFd> enter_own(const std::filesystem::path& path, int parent, Folder::Missing missing) {
    UniqueFd own = open_own(parent);
    if (!own && errno == ENOENT) {
        if (missing == Folder::Missing::leave) {
            return own;
        }
        if (const int error = create_own(parent); error != 0) {
            return folder_trouble(path, error);
        }
        own = open_own(parent);
    }
    return own ? Attempt<UniqueFd>(std::move(own)) : wrong_own_folder(path / own_folder_name, errno);
}

} // namespace

timespec to_timespec(UtcTime time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const std::chrono::nanoseconds rest = time - seconds;
    return {seconds.time_since_epoch().count(), rest.count()};
}

Attempt<Folder> Folder::open(const SpoolOptions& options, Missing own) {
    UniqueFd descriptor(::open(options.folder.c_str(), folder_flags));
    if (!descriptor) {
        return folder_trouble(options.folder, errno);
    }
    return enter_own(options.folder, descriptor.get(), own).map([&](UniqueFd entered) {
        return Folder(options, std::move(descriptor), std::move(entered));
    });
}

Attempt<UniqueFd> Folder::enter(const std::vector<std::string>& parts, std::size_t depth,
                                Missing missing) const {
    UniqueFd entered;
    for (std::size_t i = 0; i < depth; ++i) {
        const int parent = entered ? entered.get() : descriptor();
        UniqueFd next = enter_one(parent, parts[i], options_, missing);
        if (!next) {
            const int error = errno;
            return wrong_folder(path_of({parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(i) + 1}),
                                error);
        }
        entered = std::move(next);
    }
    return entered;
}

std::filesystem::path Folder::path_of(const std::vector<std::string>& parts) const {
    std::filesystem::path path = options_.folder;
    for (const std::string& part : parts) {
        path /= part;
    }
    return path;
}

void Folder::remove_unfinished() const {
    for (const std::string& name : names_in(own())) {
        if (name.starts_with(unfinished_prefix)) {
            unlinkat(own(), name.c_str(), 0);
        }
    }
}

Attempt<void> Folder::sync() const {
    if (syncfs(descriptor()) != 0) {
        return folder_trouble(options_.folder, errno);
    }
    return {};
}

bool Folder::touch(const std::string& user, UtcTime mtime) const {
    const auto parts = encode_user(user);
    const auto nested = enter(parts, parts.size() - 1, Missing::leave);
    if (!nested) {
        return false;
    }
    const int at = *nested ? nested->get() : descriptor();
    struct stat status {};
    const bool is_there = fstatat(at, parts.back().c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (!is_there || !S_ISREG(status.st_mode) || status.st_nlink != 1) {
        return false;
    }
    const timespec times[] = {to_timespec(mtime), to_timespec(mtime)};
    return utimensat(at, parts.back().c_str(), times, AT_SYMLINK_NOFOLLOW) == 0;
}

std::vector<std::string> names_in(int folder) {
    // Another descriptor: the stream takes it over, and has a position of its own.
    const int descriptor = openat(folder, ".", folder_flags);
    DIR* opened = descriptor < 0 ? nullptr : fdopendir(descriptor);
    if (opened == nullptr) {
        return {};
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(opened, closedir);
    std::vector<std::string> names;
    while (const dirent* entry = readdir(stream.get())) { // NOLINT(concurrency-mt-unsafe)
        names.emplace_back(entry->d_name);
    }
    return names;
}

} // namespace dovewatch::spool
