#include "exporters/terminal/utf8.h"

#include <array>

namespace dovewatch::terminal {
namespace {

struct Form {
    unsigned char mask;
    unsigned char lead;
    std::size_t size;
    char32_t least;
};

constexpr std::array forms{Form{0x80, 0x00, 1, 0}, Form{0xE0, 0xC0, 2, 0x80}, Form{0xF0, 0xE0, 3, 0x800},
                           Form{0xF8, 0xF0, 4, 0x10000}};

bool is_scalar(char32_t code_point) {
    return code_point <= 0x10FFFF && (code_point < 0xD800 || code_point > 0xDFFF);
}

Utf8 decode(std::string_view text, const Form& form) {
    if (text.size() < form.size) {
        return {};
    }
    auto code_point = static_cast<char32_t>(static_cast<unsigned char>(text.front()) & ~form.mask & 0xFFU);
    for (const char c : text.substr(1, form.size - 1)) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0U) != 0x80U) {
            return {};
        }
        code_point = code_point << 6U | (byte & 0x3FU);
    }
    if (code_point < form.least || !is_scalar(code_point)) {
        return {};
    }
    return {code_point, form.size};
}

} // namespace

Utf8 first_code_point(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    for (const Form& form : forms) {
        if ((lead & form.mask) == form.lead) {
            return decode(text, form);
        }
    }
    return {};
}

} // namespace dovewatch::terminal
