// A file that readers see whole, the old or the new.
#pragma once

#include "store/result.h"

#include <filesystem>
#include <string_view>

#include <sys/types.h>

namespace dovewatch::table {

// Writes FILE.new and renames it; the mode holds whatever the umask. Replaces a symbolic link, and follows
// none. After a crash of the host the file may be old or empty: it is written again.
[[nodiscard]] Result<void> replace_file(const std::filesystem::path& file, std::string_view text,
                                        mode_t mode);

} // namespace dovewatch::table
