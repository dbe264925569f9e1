#include "exporters/terminal/user_list.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string_view>
#include <unordered_set>

#include <fmt/format.h>

namespace dovewatch::terminal {
namespace {

std::string trimmed(std::string_view line) {
    constexpr std::string_view blanks = " \t\r";
    const std::size_t begin = line.find_first_not_of(blanks);
    if (begin == std::string_view::npos) {
        return {};
    }
    return std::string(line.substr(begin, line.find_last_not_of(blanks) + 1 - begin));
}

} // namespace

std::vector<std::string> parse_users(std::istream& text) {
    std::vector<std::string> users;
    std::unordered_set<std::string> known;
    for (std::string line; std::getline(text, line);) {
        std::string user = trimmed(line);
        if (!user.empty() && user.front() != '#' && known.insert(user).second) {
            users.push_back(std::move(user));
        }
    }
    return users;
}

Result<std::vector<std::string>> read_users(const std::string& file) {
    std::ifstream opened;
    if (file != "-") {
        opened.open(file);
    }
    std::istream& text = file == "-" ? std::cin : opened;
    auto users = parse_users(text);
    if (text.bad() || !text.eof()) {
        return usage_error(fmt::format("--users {}: cannot be read: {}", file, std::strerror(errno)));
    }
    return users;
}

} // namespace dovewatch::terminal
