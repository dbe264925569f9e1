// UTF-8, decoded strictly.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace dovewatch::terminal {

struct Utf8 {
    std::optional<char32_t> code_point; // none: the first byte begins no valid sequence
    std::size_t size = 1;               // bytes to go on by
};

// The first code point of a text that is not empty. Overlong forms, surrogates and what lies beyond
// U+10FFFF are not valid.
Utf8 first_code_point(std::string_view text);

} // namespace dovewatch::terminal
