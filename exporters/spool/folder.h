// The spool folder: the ways into it that leave it by no link, and its new files.
#pragma once

#include "exporters/spool/options.h"
#include "exporters/spool/trouble.h"
#include "store/unique_fd.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <time.h>

namespace dovewatch::spool {

// Below the spool folder, for what its readers must not meet: files that are not whole yet, and damaged ones.
// No user's file has this name.
inline constexpr const char* own_folder_name = ".dovewatch";

// Of names in there.
inline constexpr std::string_view unfinished_prefix = "new-";
inline constexpr std::string_view damaged_prefix = "damaged-";

// Held open: what is mounted or renamed at its path does not redirect it. Not thread-safe.
class Folder {
  public:
    enum class Missing { create, leave };

    // The options must outlive the folder. Kind refused where a link, or something else that is no folder,
    // has the name of the own folder; it is not touched.
    static Attempt<Folder> open(const SpoolOptions& options, Missing own = Missing::leave);

    int descriptor() const { return descriptor_.get(); }
    int own() const { return own_.get(); } // mode 0700; -1 where it was missing and left so
    const SpoolOptions& options() const { return options_; }

    // The `depth` folders that the first parts name, one in another. No descriptor where they are none, so
    // that the spool folder itself is meant. Kind refused where one of them is something else.
    Attempt<UniqueFd> enter(const std::vector<std::string>& parts, std::size_t depth, Missing missing) const;

    std::filesystem::path path_of(const std::vector<std::string>& parts) const;

    // The new files that a killed run left behind.
    void remove_unfinished() const;

    // All that was written and renamed in the folder so far outlasts a power cut then.
    Attempt<void> sync() const;

    // False where the user has no regular file with this name alone, or its time cannot be set.
    bool touch(const std::string& user, UtcTime mtime) const;

  private:
    Folder(const SpoolOptions& options, UniqueFd descriptor, UniqueFd own)
        : options_(options), descriptor_(std::move(descriptor)), own_(std::move(own)) {}

    const SpoolOptions& options_;
    UniqueFd descriptor_;
    UniqueFd own_;
};

// UTC to the microsecond, also before 1970.
timespec to_timespec(UtcTime time);

// The names in an open folder. Empty where it cannot be read.
std::vector<std::string> names_in(int folder);

} // namespace dovewatch::spool
