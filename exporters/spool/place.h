// A user's place in the spool folder, and the file there.
#pragma once

#include "exporters/spool/folder.h"

#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

namespace dovewatch::spool {

// Where there is a file it is held under an exclusive record lock (fcntl), which keeps out dovestats and the
// readers of its files, for as long as the place lives. The lock belongs to the descriptor: unlike the
// classic one, which it conflicts with all the same, it survives that another thread closes the same file.
class Place {
  public:
    // Waits for nobody: kind locked where another process holds the file. Kind refused where a symbolic link,
    // a folder or something else that is no regular file stands there; it is not touched. A missing file is
    // no error. The folder must outlive the place.
    static Attempt<Place> lock(const Folder& folder, const std::string& user,
                               Folder::Missing missing_folders);

    bool has_file() const { return static_cast<bool>(file_); }

    // What the file holds, as far as one byte beyond what a sound one can hold.
    Attempt<std::string> read() const;

    // Whoever looks sees the file as it was or as it is then, whole. Kind locked where a file has appeared.
    Attempt<void> write(std::string_view text, UtcTime mtime);

    // Moves the file to the exporter's own folder; then there is none. Returns its new path.
    Attempt<std::filesystem::path> keep_aside(UtcTime now);

    // With the files that were kept aside for the user, and folders that nothing else needs. False where
    // there was none of them.
    Attempt<bool> remove();

    std::filesystem::path path() const { return folder_.path_of(parts_); }

  private:
    Place(const Folder& folder, std::vector<std::string> parts) : folder_(folder), parts_(std::move(parts)) {}

    int folder() const { return nested_ ? nested_.get() : folder_.descriptor(); }
    const std::string& name() const { return parts_.back(); }
    Attempt<void> open();
    Attempt<bool> take_lock();
    Attempt<void> check_regular() const;
    std::string damaged_prefix_of_user() const;
    bool remove_kept_aside() const;
    void remove_folders() const;

    const Folder& folder_;
    std::vector<std::string> parts_;
    UniqueFd nested_; // the folder of the file where that is not the spool folder
    UniqueFd file_;
    struct stat status_ {};
};

} // namespace dovewatch::spool
