#include "exporters/spool/place.h"

#include "exporters/spool/content.h"
#include "exporters/spool/file_name.h"
#include "exporters/spool/new_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

namespace dovewatch::spool {
namespace {

constexpr int attempts = 3;

struct flock whole_file(short type) {
    struct flock range {};
    range.l_type = type;
    range.l_whence = SEEK_SET;
    return range;
}

std::string holder_of(int file) {
    struct flock range = whole_file(F_WRLCK);
    if (fcntl(file, F_OFD_GETLK, &range) != 0 || range.l_type == F_UNLCK || range.l_pid <= 0) {
        return "another process";
    }
    return fmt::format("process {}", range.l_pid);
}

std::string_view kind_of(mode_t mode) {
    switch (mode & S_IFMT) {
    case S_IFLNK:
        return "a symbolic link";
    case S_IFDIR:
        return "a folder";
    case S_IFIFO:
        return "a named pipe";
    case S_IFSOCK:
        return "a socket";
    default:
        return "a device";
    }
}

tl::unexpected<Trouble> no_regular_file(const std::filesystem::path& path, mode_t mode) {
    return refused(fmt::format("{} is {}, not a regular file: remove it; the user's sessions wait until then",
                               path.string(), kind_of(mode)));
}

bool same_file(const struct stat& one, const struct stat& other) {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

// The part of a name that tells whose file was kept aside. A path that leaves no room for the rest of the
// kept file's name is told apart by its hash (FNV-1a).
std::string stem_of(const std::string& path) {
    constexpr std::size_t room = 220;
    constexpr std::size_t kept = 200;
    if (path.size() <= room) {
        return path;
    }
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : path) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    return fmt::format("{}%{:016x}", path.substr(0, kept), hash);
}

bool is_number(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace

Attempt<Place> Place::lock(const Folder& folder, const std::string& user, Folder::Missing missing_folders) {
    Place place(folder, encode_user(user));
    auto nested = folder.enter(place.parts_, place.parts_.size() - 1, missing_folders);
    if (!nested) {
        return tl::make_unexpected(nested.error());
    }
    place.nested_ = std::move(*nested);
    // Whoever held the file may have put another one in its place.
    for (int i = 0; i < attempts; ++i) {
        if (auto opened = place.open(); !opened) {
            return tl::make_unexpected(opened.error());
        }
        auto held = place.has_file() ? place.take_lock() : Attempt<bool>(true);
        if (!held) {
            return tl::make_unexpected(held.error());
        }
        if (*held) {
            return place;
        }
    }
    return locked(fmt::format("{} is replaced again and again by another process", place.path().string()));
}

// A named pipe must not hold us up, and no terminal become ours.
Attempt<void> Place::open() {
    file_ =
        UniqueFd(openat(folder(), name().c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (file_ || errno == ENOENT) {
        return {};
    }
    const int error = errno;
    if (auto regular = check_regular(); !regular) {
        return regular;
    }
    return file_trouble(path(), "opened", error);
}

Attempt<void> Place::check_regular() const {
    struct stat status {};
    if (fstatat(folder(), name().c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(status.st_mode)) {
        return no_regular_file(path(), status.st_mode);
    }
    return {};
}

// False where the locked file is not the one that the folder names now.
Attempt<bool> Place::take_lock() {
    struct flock range = whole_file(F_WRLCK);
    if (fcntl(file_.get(), F_OFD_SETLK, &range) != 0) {
        if (errno == EAGAIN || errno == EACCES) {
            return locked(fmt::format("{} is locked by {}: end that program if it hangs", path().string(),
                                      holder_of(file_.get())));
        }
        return file_trouble(path(), "locked", errno);
    }
    if (fstat(file_.get(), &status_) != 0) {
        return file_trouble(path(), "read", errno);
    }
    if (!S_ISREG(status_.st_mode)) {
        return no_regular_file(path(), status_.st_mode);
    }
    struct stat named {};
    return fstatat(folder(), name().c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 && same_file(named, status_);
}

Attempt<std::string> Place::read() const {
    std::string text(std::min(static_cast<std::size_t>(status_.st_size), largest_file + 1), '\0');
    const ssize_t size = pread(file_.get(), text.data(), text.size(), 0);
    if (size < 0) {
        return file_trouble(path(), "read", errno);
    }
    text.resize(static_cast<std::size_t>(size));
    return text;
}

Attempt<void> Place::write(std::string_view text, UtcTime mtime) {
    auto file = NewFile::make(folder_, text, mtime, has_file() ? &status_ : nullptr);
    if (!file) {
        return tl::make_unexpected(file.error());
    }
    const int error = has_file() ? file->replace(folder(), name()) : file->place(folder(), name());
    if (error == EEXIST) {
        return locked(fmt::format("{} is being made by another process", path().string()));
    }
    if (error == EACCES && !nested_) {
        return folder_trouble(folder_.options().folder, error);
    }
    if (error != 0) {
        return file_trouble(path(), "written", error);
    }
    return {};
}

Attempt<std::filesystem::path> Place::keep_aside(UtcTime now) {
    const std::string kept = fmt::format("{}{}", damaged_prefix_of_user(), now.time_since_epoch().count());
    if (renameat(folder(), name().c_str(), folder_.own(), kept.c_str()) != 0) {
        return file_trouble(path(), "moved aside", errno);
    }
    file_ = UniqueFd();
    return folder_.path_of({own_folder_name, kept});
}

std::string Place::damaged_prefix_of_user() const {
    return fmt::format("{}{}-", damaged_prefix, stem_of(fmt::format("{}", fmt::join(parts_, "/"))));
}

Attempt<bool> Place::remove() {
    if (has_file() && unlinkat(folder(), name().c_str(), 0) != 0) {
        return file_trouble(path(), "removed", errno);
    }
    const bool kept_aside = remove_kept_aside();
    remove_folders();
    return has_file() || kept_aside;
}

bool Place::remove_kept_aside() const {
    const std::string prefix = damaged_prefix_of_user();
    bool removed = false;
    for (const std::string& kept : names_in(folder_.own())) {
        if (kept.starts_with(prefix) && is_number(std::string_view(kept).substr(prefix.size()))) {
            removed = unlinkat(folder_.own(), kept.c_str(), 0) == 0 || removed;
        }
    }
    return removed;
}

// Innermost first, up to the first that still holds another user's file.
void Place::remove_folders() const {
    for (std::size_t depth = parts_.size() - 1; depth > 0; --depth) {
        const auto parent = folder_.enter(parts_, depth - 1, Folder::Missing::leave);
        const int at = parent && *parent ? parent->get() : folder_.descriptor();
        if (!parent || unlinkat(at, parts_[depth - 1].c_str(), AT_REMOVEDIR) != 0) {
            return;
        }
    }
}

} // namespace dovewatch::spool
