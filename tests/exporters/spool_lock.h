// Another process that holds a file's lock, as dovestats and the readers of its files do.
#pragma once

#include "tests/store/process.h"

#include <csignal>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

namespace dovewatch::test {

// Waits for the lock of the whole file. The lock ends with the descriptor.
inline bool wait_for_lock(int file, short type) {
    struct flock range {};
    range.l_type = type;
    range.l_whence = SEEK_SET;
    return fcntl(file, F_SETLKW, &range) == 0;
}

class LockHolder {
  public:
    explicit LockHolder(const std::filesystem::path& file, short type = F_WRLCK) {
        int ready[2] = {};
        demand(pipe(ready) == 0, "pipe");
        child_ = start_child([&] {
            const int descriptor = open(file.c_str(), O_RDWR | O_CLOEXEC);
            demand(descriptor >= 0 && wait_for_lock(descriptor, type), "lock");
            demand(write(ready[1], "x", 1) == 1, "ready");
            pause();
        });
        close(ready[1]);
        char byte = 0;
        demand(read(ready[0], &byte, 1) == 1, "the child holds no lock");
        close(ready[0]);
    }
    LockHolder(const LockHolder&) = delete;
    LockHolder& operator=(const LockHolder&) = delete;
    ~LockHolder() {
        kill(child_, SIGKILL);
        wait_for(child_);
    }

    pid_t pid() const { return child_; }

  private:
    pid_t child_ = -1;
};

} // namespace dovewatch::test
