// Tells when the store's database was written, without asking it.
#pragma once

#include "store/result.h"
#include "store/unique_fd.h"

#include <filesystem>
#include <string>

namespace dovewatch {

// By inotify on the folder, so that it also sees a database that is made later, or replaced. Not thread-safe.
class StoreWatch {
  public:
    // Needs read permission on the folder of `database`.
    static Result<StoreWatch> open(const std::filesystem::path& database);

    // Readable when something in the folder changed.
    int fd() const { return inotify_.get(); }

    // Takes what was told. Whether it was about the database or its write-ahead log.
    bool clear();

  private:
    StoreWatch(UniqueFd inotify, std::string name) : inotify_(std::move(inotify)), name_(std::move(name)) {}

    UniqueFd inotify_;
    std::string name_;
};

} // namespace dovewatch
