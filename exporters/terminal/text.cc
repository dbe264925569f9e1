#include "exporters/terminal/text.h"

#include "exporters/terminal/utf8.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace dovewatch::terminal {
namespace {

struct Range {
    char32_t first;
    char32_t last;
};

// C1 controls, soft hyphen, and what is invisible or changes the direction of the text around it.
constexpr std::array hidden{Range{0x80, 0x9F},     Range{0xAD, 0xAD},      Range{0x61C, 0x61C},
                            Range{0x115F, 0x1160}, Range{0x180B, 0x180F},  Range{0x200B, 0x200F},
                            Range{0x2028, 0x202E}, Range{0x2060, 0x206F},  Range{0x3164, 0x3164},
                            Range{0xFE00, 0xFE0F}, Range{0xFEFF, 0xFEFF},  Range{0xFFA0, 0xFFA0},
                            Range{0xFFF9, 0xFFFB}, Range{0xE0000, 0xE0FFF}};

// Combining marks of the scripts that mail addresses are likely to use.
constexpr std::array no_cell{Range{0x300, 0x36F},   Range{0x483, 0x489},   Range{0x591, 0x5BD},
                             Range{0x610, 0x61A},   Range{0x64B, 0x65F},   Range{0xE31, 0xE31},
                             Range{0xE34, 0xE3A},   Range{0xE47, 0xE4E},   Range{0x1AB0, 0x1AFF},
                             Range{0x1DC0, 0x1DFF}, Range{0x20D0, 0x20FF}, Range{0xFE20, 0xFE2F}};

constexpr std::array two_cells{Range{0x1100, 0x115F},   Range{0x2E80, 0x303E},  Range{0x3041, 0x33FF},
                               Range{0x3400, 0x4DBF},   Range{0x4E00, 0x9FFF},  Range{0xA000, 0xA4CF},
                               Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},  Range{0xFE30, 0xFE6F},
                               Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},  Range{0x1F300, 0x1F64F},
                               Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD}};

template <std::size_t N>
bool contains(const std::array<Range, N>& ranges, char32_t code_point) {
    return std::any_of(ranges.begin(), ranges.end(), [code_point](const Range& range) {
        return range.first <= code_point && code_point <= range.last;
    });
}

// A lambda and not a function, so that std::all_of takes it in: most of a table goes through it.
constexpr auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '\\'; };

std::size_t append_escape(fmt::memory_buffer& out, fmt::string_view format, std::uint32_t value) {
    const std::size_t before = out.size();
    fmt::format_to(std::back_inserter(out), fmt::runtime(format), value);
    return out.size() - before;
}

std::size_t append_ascii(fmt::memory_buffer& out, char c) {
    if (is_plain(c)) {
        out.push_back(c);
        return 1;
    }
    if (c == '\\') {
        return append_escape(out, "\\\\", 0);
    }
    return append_escape(out, "\\x{:02x}", static_cast<unsigned char>(c));
}

std::size_t append_code_point(fmt::memory_buffer& out, char32_t code_point, std::string_view bytes) {
    if (contains(hidden, code_point)) {
        return append_escape(out, "\\u{{{:x}}}", code_point);
    }
    append(out, bytes);
    if (contains(no_cell, code_point)) {
        return 0;
    }
    return contains(two_cells, code_point) ? 2 : 1;
}

} // namespace

std::size_t append_visible(fmt::memory_buffer& out, std::string_view text) {
    if (std::all_of(text.begin(), text.end(), is_plain)) {
        append(out, text);
        return text.size();
    }
    std::size_t cells = 0;
    while (!text.empty()) {
        const Utf8 next = first_code_point(text);
        if (!next.code_point) {
            cells += append_escape(out, "\\x{:02x}", static_cast<unsigned char>(text.front()));
        } else if (next.size == 1) {
            cells += append_ascii(out, text.front());
        } else {
            cells += append_code_point(out, *next.code_point, text.substr(0, next.size));
        }
        text.remove_prefix(next.size);
    }
    return cells;
}

std::string visible(std::string_view text) {
    fmt::memory_buffer shown;
    append_visible(shown, text);
    return fmt::to_string(shown);
}

} // namespace dovewatch::terminal
