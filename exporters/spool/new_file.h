// A user's file, written whole before it is put in its place.
#pragma once

#include "exporters/spool/folder.h"

#include <string>
#include <string_view>
#include <utility>

#include <sys/stat.h>

namespace dovewatch::spool {

// A file that is not yet at its place, in the exporter's own folder. Removed at the end of the scope.
class NewFile {
  public:
    // Whole, with mode and mtime. The folder has its own folder. Owner and group are those of the
    // configuration; where not set, those of `replaced`, as far as the system allows; where that is null,
    // those of the process.
    static Attempt<NewFile> make(const Folder& folder, std::string_view text, UtcTime mtime,
                                 const struct stat* replaced);

    NewFile(NewFile&& other) noexcept : folder_(other.folder_), name_(std::exchange(other.name_, {})) {}
    NewFile& operator=(NewFile&&) = delete;
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;
    ~NewFile();

    // Puts it in place of the file `name` of that folder. Returns errno, 0 where it was done.
    int replace(int folder, const std::string& name);

    // Puts it where nothing is yet: EEXIST where something is.
    int place(int folder, const std::string& name);

  private:
    NewFile(const Folder& folder, std::string name) : folder_(folder), name_(std::move(name)) {}

    const Folder& folder_;
    std::string name_; // empty: it is not here any more
};

// Whether files can be made in the folder with the owner and the group of the configuration.
Attempt<void> probe(const Folder& folder);

} // namespace dovewatch::spool
