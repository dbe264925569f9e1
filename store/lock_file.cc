#include "store/lock_file.h"

#include "store/file.h"

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dovewatch {
namespace {

// A process does not conflict with its own record locks, and loses them when it closes any descriptor
// of the file. So what this process holds must be known without opening the file.
class HeldLocks {
  public:
    static HeldLocks& instance() {
        static HeldLocks held;
        return held;
    }

    bool add(dev_t device, ino_t inode) {
        const std::scoped_lock guard(mutex_);
        pid_t& holder = holders_[{device, inode}];
        return std::exchange(holder, getpid()) != getpid();
    }

    void remove(dev_t device, ino_t inode) {
        const std::scoped_lock guard(mutex_);
        holders_.erase({device, inode});
    }

    // A child of fork inherits the table but not the locks: the entry's pid tells them apart.
    bool contains(const std::filesystem::path& file) {
        struct stat status {};
        if (lstat(file.c_str(), &status) != 0) {
            return false;
        }
        const std::scoped_lock guard(mutex_);
        const auto entry = holders_.find({status.st_dev, status.st_ino});
        return entry != holders_.end() && entry->second == getpid();
    }

  private:
    std::mutex mutex_;
    std::map<std::pair<dev_t, ino_t>, pid_t> holders_;
};

struct flock whole_file() {
    struct flock range {};
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    return range;
}

tl::unexpected<Error> held_by(const std::filesystem::path& file, std::int32_t pid) {
    return unavailable(fmt::format(
        "{} is locked by process {}, which writes this database: stop that one first", file.string(), pid));
}

Result<std::optional<std::int32_t>> holder_of(int descriptor, const std::filesystem::path& file) {
    struct flock range = whole_file();
    if (fcntl(descriptor, F_GETLK, &range) != 0) {
        return failed(fmt::format("{}: its lock cannot be read: {}", file.string(), std::strerror(errno)));
    }
    if (range.l_type == F_UNLCK) {
        return std::nullopt;
    }
    return range.l_pid;
}

} // namespace

LockFile::LockFile(int descriptor, dev_t device, ino_t inode)
    : descriptor_(descriptor), device_(device), inode_(inode) {}

LockFile::LockFile(LockFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), device_(other.device_), inode_(other.inode_) {}

LockFile& LockFile::operator=(LockFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
    return *this;
}

LockFile::~LockFile() {
    if (descriptor_ >= 0) {
        HeldLocks::instance().remove(device_, inode_);
        close(descriptor_);
    }
}

Result<LockFile> LockFile::acquire(const std::filesystem::path& file) {
    if (HeldLocks::instance().contains(file)) {
        return held_by(file, getpid());
    }
    auto descriptor = open_private_file(file);
    if (!descriptor) {
        return tl::make_unexpected(descriptor.error());
    }
    struct stat status {};
    struct flock range = whole_file();
    if (fstat(*descriptor, &status) == 0 && fcntl(*descriptor, F_SETLK, &range) == 0 &&
        HeldLocks::instance().add(status.st_dev, status.st_ino)) {
        return LockFile(*descriptor, status.st_dev, status.st_ino);
    }
    const int error = errno;
    const auto other = holder_of(*descriptor, file);
    close(*descriptor);
    if (other && *other) {
        return held_by(file, **other);
    }
    return unavailable(fmt::format("{} cannot be locked: {}", file.string(), std::strerror(error)));
}

Result<std::optional<std::int32_t>> LockFile::holder(const std::filesystem::path& file) {
    if (HeldLocks::instance().contains(file)) {
        return getpid();
    }
    const int descriptor = open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0 && errno == ENOENT) {
        return std::nullopt;
    }
    if (descriptor < 0) {
        return tl::make_unexpected(file_error(file, "read", errno));
    }
    auto pid = holder_of(descriptor, file);
    close(descriptor);
    return pid;
}

} // namespace dovewatch
