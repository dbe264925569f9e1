// What keeps a user's file from being written.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace dovewatch::spool {

struct Trouble {
    enum class Kind {
        locked,  // another process works on the file: soon over
        refused, // something that is no file of ours stands in its place
        file,    // this file alone
        folder,  // all of them: missing, full, read-only, forbidden
        owner,   // all of them: the process may not give files the owner or group of the configuration
    };
    Kind kind = Kind::file;
    std::string message; // one line; names the thing at fault and the mend
};

template <typename T>
using Attempt = tl::expected<T, Trouble>;

// What `error` (errno) says of a file below the folder when it could not be `verb` ("read", "written"). The
// kind is folder where no other file would fare better.
tl::unexpected<Trouble> file_trouble(const std::filesystem::path& file, std::string_view verb, int error);

// The same of the folder itself.
tl::unexpected<Trouble> folder_trouble(const std::filesystem::path& folder, int error);

tl::unexpected<Trouble> locked(std::string message);
tl::unexpected<Trouble> refused(std::string message);
tl::unexpected<Trouble> cannot_own(std::string message);

} // namespace dovewatch::spool
