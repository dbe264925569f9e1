#include "store/user_glob.h"

#include <fnmatch.h>

namespace dovewatch {
namespace {

constexpr std::string_view special = "*?[\\";

bool is_special(char c) {
    return special.find(c) != std::string_view::npos;
}

} // namespace

bool matches_user(const std::optional<std::string>& glob, const std::string& user) {
    return !glob || fnmatch(glob->c_str(), user.c_str(), 0) == 0;
}

std::string literal_prefix(const std::optional<std::string>& glob) {
    std::string prefix;
    std::string_view rest = glob ? std::string_view(*glob) : std::string_view();
    while (!rest.empty() && (!is_special(rest.front()) || (rest.front() == '\\' && rest.size() > 1))) {
        rest.remove_prefix(rest.front() == '\\' ? 1 : 0);
        prefix += rest.front();
        rest.remove_prefix(1);
    }
    return prefix;
}

std::string glob_of_user(std::string_view user) {
    std::string glob;
    for (const char c : user) {
        if (is_special(c)) {
            glob += '\\';
        }
        glob += c;
    }
    return glob;
}

} // namespace dovewatch
