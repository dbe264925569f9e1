#include "exporters/terminal/text.h"

#include <string>
#include <utility>

#include <catch2/catch.hpp>

namespace dovewatch::terminal {
namespace {

std::pair<std::string, std::size_t> visible(std::string_view text) {
    fmt::memory_buffer out;
    const std::size_t cells = append_visible(out, text);
    return {fmt::to_string(out), cells};
}

using Shown = std::pair<std::string, std::size_t>;

TEST_CASE("text that clients chose is shown and never obeyed") {
    CHECK(visible("sue@example.org") == Shown("sue@example.org", 15));
    CHECK(visible("") == Shown("", 0));
    CHECK(visible("\x1b[2Jx\x07\n\x7f") == Shown(R"(\x1b[2Jx\x07\x0a\x7f)", 20));
    CHECK(visible(R"(a\x07)") == Shown(R"(a\\x07)", 6));
    CHECK(visible("\u202etxt\ufeff\u200b") == Shown(R"(\u{202e}txt\u{feff}\u{200b})", 27));
    CHECK(visible("\u2066\u2069\u200f") == Shown(R"(\u{2066}\u{2069}\u{200f})", 24));
    CHECK(visible("\u009b") == Shown(R"(\u{9b})", 6)); // CSI of C1
    CHECK(visible("\U000e0041") == Shown(R"(\u{e0041})", 9));
}

TEST_CASE("bytes that are no UTF-8 are shown in hexadecimal") {
    CHECK(visible("\xff") == Shown(R"(\xff)", 4));
    CHECK(visible("a\xc3") == Shown(R"(a\xc3)", 5));
    CHECK(visible("\xc0\xaf") == Shown(R"(\xc0\xaf)", 8));                  // overlong
    CHECK(visible("\xed\xa0\x80") == Shown(R"(\xed\xa0\x80)", 12));         // surrogate
    CHECK(visible("\xf4\x90\x80\x80") == Shown(R"(\xf4\x90\x80\x80)", 16)); // beyond U+10FFFF
    CHECK(visible("\xe2\x82z") == Shown(R"(\xe2\x82z)", 9));
}

TEST_CASE("cells are counted, not bytes") {
    CHECK(visible("müller") == Shown("müller", 6));
    CHECK(visible("mu\u0308ller") == Shown("mu\u0308ller", 6));
    CHECK(visible("日本") == Shown("日本", 4));
    CHECK(visible("😀") == Shown("😀", 2));
}

} // namespace
} // namespace dovewatch::terminal
