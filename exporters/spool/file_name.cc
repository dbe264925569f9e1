#include "exporters/spool/file_name.h"

#include <charconv>

#include <fmt/format.h>

namespace dovewatch::spool {
namespace {

constexpr std::string_view marker = "%";
constexpr std::size_t escape_size = 3;

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

// What the digits after a `%` stand for.
std::optional<char> decode_escape(std::string_view digits) {
    unsigned byte = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, byte, 16);
    if (digits.size() + 1 != escape_size || error != std::errc{} || stop != end) {
        return std::nullopt;
    }
    return static_cast<char>(byte);
}

// False where the part holds a `%` that encodes nothing.
bool decode_part(std::string_view part, std::string& user) {
    for (std::size_t i = 0; i < part.size(); ++i) {
        if (part[i] != '%') {
            user += part[i];
            continue;
        }
        const auto c = decode_escape(part.substr(i + 1, escape_size - 1));
        if (!c) {
            return false;
        }
        user += *c;
        i += escape_size - 1;
    }
    return true;
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

std::optional<std::string> decode_user(const std::vector<std::string>& parts) {
    std::string user;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        std::string_view part = parts[i];
        if (part.ends_with(marker) && (i + 1 < parts.size() || part == marker)) {
            part.remove_suffix(marker.size());
        }
        if (!decode_part(part, user)) {
            return std::nullopt;
        }
    }
    // Many texts decode to the same name: only one of them is its file.
    return encode_user(user) == parts ? std::optional(user) : std::nullopt;
}

} // namespace dovewatch::spool
