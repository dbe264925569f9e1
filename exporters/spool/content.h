// What stands in a user's spool file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dovewatch::spool {

inline constexpr std::size_t largest_file = 64 * 1024; // bytes

struct Content {
    std::int64_t counter = 0;
    std::string statistics; // without the line's end
};

// "17\ntop=0/0, retr=1/2945, del=1/5, size=2865\n", as dovestats wrote it; also with a blank in place of the
// first line's end, without statistics, and without the last line's end. No value for anything else.
std::optional<Content> parse_content(std::string_view text);

// Control characters of the statistics become blanks, and what would make the file too large is cut off.
std::string format_content(const Content& content);

} // namespace dovewatch::spool
