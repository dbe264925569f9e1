// Text that clients chose, made safe to show to a person.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace dovewatch::terminal {

inline void append(fmt::memory_buffer& out, std::string_view text) {
    const std::size_t end = out.size();
    out.resize(end + text.size());
    std::copy(text.begin(), text.end(), out.data() + end); // twice as fast as fmt's own append
}

inline std::string_view view(const fmt::memory_buffer& text) {
    return {text.data(), text.size()};
}

// Appends `text` so that a terminal shows it and never obeys it: control characters and bytes that
// are no UTF-8 as \x07, invisible and direction-changing characters as \u{202e}, a backslash as \\.
// Returns how many terminal cells it takes.
std::size_t append_visible(fmt::memory_buffer& out, std::string_view text);

// The same on its own, for a message.
std::string visible(std::string_view text);

} // namespace dovewatch::terminal
