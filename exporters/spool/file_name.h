// User names as file names.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dovewatch::spool {

inline constexpr std::size_t longest_name = 255; // bytes; NAME_MAX

// The path of a user's file below the spool folder: all parts but the last are folders.
//
// Ordinary names and mail addresses are one part, as they are. Percent-encoded (%2F) are `%`, `/`, control
// characters and a dot that leads a part: so no part is "." or "..", and names that begin with a dot are free
// for the exporter's own files. A name of over 255 bytes is cut into parts; each but the last ends in a `%`
// that encodes nothing, which no file has. The empty name is "%". Names equal but for case differ.
std::vector<std::string> encode_user(std::string_view user);

} // namespace dovewatch::spool
