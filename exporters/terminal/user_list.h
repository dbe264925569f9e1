// A list of users that an administrator hands over.
#pragma once

#include "store/result.h"

#include <iosfwd>
#include <string>
#include <vector>

namespace dovewatch::terminal {

// One user a line, as Dovecot shows them; blanks around it, empty lines and those that begin with # are
// passed over. Each user once, in the order of the text.
std::vector<std::string> parse_users(std::istream& text);

// The same from a file, or from standard input where the name is "-". A usage error where it cannot be read.
[[nodiscard]] Result<std::vector<std::string>> read_users(const std::string& file);

} // namespace dovewatch::terminal
