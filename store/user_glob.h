// Shell patterns of user names: * ? [...], a backslash takes away their meaning, as fnmatch without flags.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dovewatch {

// No glob matches every user.
bool matches_user(const std::optional<std::string>& glob, const std::string& user);

// What every user that matches begins with, so that a sorted table need not be read from end to end.
std::string literal_prefix(const std::optional<std::string>& glob);

// The glob that matches this user alone.
std::string glob_of_user(std::string_view user);

} // namespace dovewatch
