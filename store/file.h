// Files that the store creates, and what to say when the system refuses one.
#pragma once

#include "store/result.h"

#include <filesystem>
#include <string_view>

namespace dovewatch {

// Opens a regular file for reading and writing, and creates it where it is missing: mode 0640 whatever
// the umask, and the group of its folder, so that the members of that group may read. Never follows a
// symbolic link. The caller closes the descriptor.
Result<int> open_private_file(const std::filesystem::path& file);

// The file's absolute path with no symbolic link among its folders; the file itself may be missing.
Result<std::filesystem::path> resolve_folder(const std::filesystem::path& file);

// What `error` (errno) says of the file when it could not be `verb` ("read", "written", "created").
Error file_error(const std::filesystem::path& file, std::string_view verb, int error);

// Makes the names in the folder durable.
Result<void> sync_folder(const std::filesystem::path& folder);

} // namespace dovewatch
