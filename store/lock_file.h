// The lock that makes the writer of a database the only one.
#pragma once

#include "store/result.h"

#include <cstdint>
#include <filesystem>
#include <optional>

#include <sys/types.h>

namespace dovewatch {

// Holds an exclusive POSIX record lock (fcntl) on a file of its own, which the kernel gives back when
// the process ends in whatever way. The file itself stays. Safe to use from several threads.
class LockFile {
  public:
    // Creates the file (mode 0640, group of its folder) where it is missing; follows no symbolic link.
    // Error::Kind::unavailable with the holder's pid where another process, or this one, holds it.
    static Result<LockFile> acquire(const std::filesystem::path& file);

    // The pid of the process that holds the lock, 0 where it lives in a PID namespace that this one
    // cannot see. No value where nobody does, or the file is missing. Needs read permission.
    static Result<std::optional<std::int32_t>> holder(const std::filesystem::path& file);

    LockFile(LockFile&& other) noexcept;
    LockFile& operator=(LockFile&& other) noexcept;
    LockFile(const LockFile&) = delete;
    LockFile& operator=(const LockFile&) = delete;
    ~LockFile();

  private:
    LockFile(int descriptor, dev_t device, ino_t inode);

    int descriptor_ = -1;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

} // namespace dovewatch
