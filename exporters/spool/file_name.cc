#include "exporters/spool/file_name.h"

#include <fmt/format.h>

namespace dovewatch::spool {
namespace {

constexpr std::string_view marker = "%";

bool is_escaped(char c, bool leading) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f || c == '%' || c == '/' || (c == '.' && leading);
}

std::string encode_char(char c, bool leading) {
    return is_escaped(c, leading) ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
}

std::string encode_whole(std::string_view user) {
    std::string name;
    for (const char c : user) {
        name += encode_char(c, name.empty());
    }
    return name;
}

std::vector<std::string> encode_in_parts(std::string_view user) {
    std::vector<std::string> parts(1);
    for (const char c : user) {
        std::string piece = encode_char(c, parts.back().empty());
        if (parts.back().size() + piece.size() + marker.size() > longest_name) {
            parts.back() += marker;
            piece = encode_char(c, true);
            parts.emplace_back();
        }
        parts.back() += piece;
    }
    return parts;
}

} // namespace

std::vector<std::string> encode_user(std::string_view user) {
    if (user.empty()) {
        return {std::string(marker)};
    }
    std::string whole = encode_whole(user);
    if (whole.size() > longest_name) {
        return encode_in_parts(user);
    }
    return {std::move(whole)};
}

} // namespace dovewatch::spool
