// The command line of dovecot-lda.
#pragma once

#include <optional>
#include <string_view>

namespace dovewatch {

// The USER of `-d USER`, as dovecot-lda's own getopt finds it; the last one wins. `arguments`: argv, each
// argument ended by NUL, and cut at DW_TEXT_MAX bytes, of which half a word at the end is passed over. No
// value without -d, or where the user is empty.
std::optional<std::string_view> lda_user(std::string_view arguments);

} // namespace dovewatch
