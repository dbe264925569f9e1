#include "monitor/statistics.h"

#include "store/number.h"

#include <map>
#include <optional>
#include <string_view>

namespace dovewatch {
namespace {

// NAME=FIRST or NAME=FIRST/SECOND.
struct Pair {
    std::optional<std::int64_t> first;
    std::optional<std::int64_t> second;
};
using Pairs = std::map<std::string_view, Pair>;

std::optional<std::int64_t> count_of(std::string_view text) {
    const auto number = parse_number<std::int64_t>(text);
    return number && *number >= 0 ? number : std::nullopt;
}

Pair pair_of(std::string_view value) {
    const auto slash = value.find('/');
    if (slash == std::string_view::npos) {
        return {count_of(value), std::nullopt};
    }
    return {count_of(value.substr(0, slash)), count_of(value.substr(slash + 1))};
}

Pairs split(std::string_view text) {
    constexpr std::string_view separators = ", ";
    Pairs pairs;
    while (!text.empty()) {
        const auto size = std::min(text.find_first_of(separators), text.size());
        const std::string_view word = text.substr(0, size);
        if (const auto equals = word.find('='); equals != std::string_view::npos) {
            pairs.emplace(word.substr(0, equals), pair_of(word.substr(equals + 1)));
        }
        text.remove_prefix(std::min(size + 1, text.size()));
    }
    return pairs;
}

Pair find(const Pairs& pairs, std::string_view name) {
    const auto found = pairs.find(name);
    return found == pairs.end() ? Pair() : found->second;
}

std::optional<std::int64_t> sum(std::optional<std::int64_t> one, std::optional<std::int64_t> other) {
    std::int64_t result = 0;
    if (!one || !other || __builtin_add_overflow(*one, *other, &result)) {
        return std::nullopt;
    }
    return result;
}

Statistics pop3_statistics(const Pairs& pairs, bool second_is_bytes) {
    const Pair top = find(pairs, "top");
    const Pair retrieved = find(pairs, "retr");
    const Pair deleted = find(pairs, "del");
    Statistics numbers{top.first, retrieved.first, deleted.first, std::nullopt,
                       sum(top.second, retrieved.second)};
    if (!second_is_bytes && deleted.first && deleted.second && *deleted.second >= *deleted.first) {
        numbers.left = *deleted.second - *deleted.first;
    }
    return numbers;
}

} // namespace

Statistics parse_statistics(Service service, const LogoutEvent& line) {
    const Pairs pairs = split(line.statistics);
    switch (service) {
    case Service::pop3:
        return pop3_statistics(pairs, line.structured);
    case Service::imap:
        return {find(pairs, "hdr_count").first, find(pairs, "body_count").first,
                find(pairs, "expunged").first, std::nullopt, find(pairs, "out").first};
    case Service::submission:
        return {{}, {}, {}, {}, find(pairs, "out").first};
    default:
        return {};
    }
}

} // namespace dovewatch
