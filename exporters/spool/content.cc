#include "exporters/spool/content.h"

#include "store/number.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

namespace dovewatch::spool {
namespace {

// Far from where sums of counters overflow.
constexpr std::int64_t largest_counter = std::numeric_limits<std::int64_t>::max() / 4;

constexpr std::size_t longest_statistics = largest_file - 32;

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

bool is_statistics(std::string_view line) {
    return std::none_of(line.begin(), line.end(), [](char c) { return is_control(c) && c != '\t'; });
}

std::optional<std::int64_t> parse_counter(std::string_view digits) {
    const auto counter = parse_number<std::uint64_t>(digits);
    if (!counter || *counter > static_cast<std::uint64_t>(largest_counter)) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(*counter);
}

} // namespace

std::optional<Content> parse_content(std::string_view text) {
    if (text.size() > largest_file) {
        return std::nullopt;
    }
    const std::size_t digits = std::min(text.find_first_of(" \n"), text.size());
    const auto counter = parse_counter(text.substr(0, digits));
    std::string_view rest = text.substr(std::min(digits + 1, text.size()));
    if (rest.ends_with('\n')) {
        rest.remove_suffix(1);
    }
    if (!counter || !is_statistics(rest)) {
        return std::nullopt;
    }
    return Content{*counter, std::string(rest)};
}

std::string format_content(const Content& content) {
    std::string line = content.statistics.substr(0, longest_statistics);
    std::replace_if(line.begin(), line.end(), is_control, ' ');
    return fmt::format("{}\n{}\n", content.counter, line);
}

} // namespace dovewatch::spool
