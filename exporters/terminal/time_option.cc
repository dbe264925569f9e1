#include "exporters/terminal/time_option.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace dovewatch::terminal {
namespace {

using std::chrono::seconds;

// Takes what it recognises off the front of a text.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    bool at_end() const { return rest_.empty(); }

    bool take(std::string_view any_of) {
        if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }

    std::optional<int> number(std::size_t least_digits, std::size_t most_digits) {
        const std::size_t found = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
        const std::size_t digits = std::min(found, most_digits);
        if (digits < least_digits) {
            return {};
        }
        int value = 0;
        std::from_chars(rest_.data(), rest_.data() + digits, value);
        rest_.remove_prefix(digits);
        return value;
    }

    // Two digits below `end`.
    std::optional<int> pair(int end) {
        const auto value = number(2, 2);
        return value && *value < end ? value : std::nullopt;
    }

  private:
    std::string_view rest_;
};

std::optional<seconds> unit(Scanner& scan) {
    if (scan.take("s")) {
        return seconds{1};
    }
    if (scan.take("m")) {
        return std::chrono::minutes{1};
    }
    if (scan.take("h")) {
        return std::chrono::hours{1};
    }
    if (scan.take("d")) {
        return std::chrono::days{1};
    }
    if (scan.take("w")) {
        return std::chrono::weeks{1};
    }
    return {};
}

std::optional<seconds> duration(Scanner scan) {
    const auto count = scan.number(1, 9);
    const auto of = count ? unit(scan) : std::nullopt;
    return of && scan.at_end() ? std::optional{*of * *count} : std::nullopt;
}

std::optional<std::chrono::sys_days> date(Scanner& scan) {
    const auto year = scan.number(4, 4);
    const auto month = year && scan.take("-") ? scan.number(2, 2) : std::nullopt;
    const auto day = month && scan.take("-") ? scan.number(2, 2) : std::nullopt;
    if (!day) {
        return {};
    }
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    return date.ok() ? std::optional<std::chrono::sys_days>{date} : std::nullopt;
}

// 14:00, 14:00:05
std::optional<seconds> time_of_day(Scanner& scan) {
    const auto hour = scan.pair(24);
    const auto minute = hour && scan.take(":") ? scan.pair(60) : std::nullopt;
    if (!minute) {
        return {};
    }
    const seconds time = std::chrono::hours{*hour} + std::chrono::minutes{*minute};
    if (!scan.take(":")) {
        return time;
    }
    const auto second = scan.pair(60);
    return second ? std::optional{time + seconds{*second}} : std::nullopt;
}

// .123456, to the microsecond; nothing is no time at all.
std::optional<std::chrono::microseconds> fraction(Scanner& scan) {
    if (!scan.take(".,")) {
        return std::chrono::microseconds{0};
    }
    auto digit = scan.number(1, 1);
    if (!digit) {
        return {};
    }
    std::chrono::microseconds sum{0};
    for (int place = 100'000; digit; place /= 10, digit = scan.number(1, 1)) {
        sum += std::chrono::microseconds{*digit * place};
    }
    return sum;
}

// Z, +01, +0100, +01:00
std::optional<seconds> offset(Scanner& scan) {
    if (scan.take("Zz")) {
        return seconds{0};
    }
    const bool west = scan.take("-");
    if (!west && !scan.take("+")) {
        return {};
    }
    const auto hours = scan.pair(24);
    const bool has_minutes = hours && !scan.at_end();
    if (has_minutes) {
        scan.take(":");
    }
    const auto minutes = has_minutes ? scan.pair(60) : std::optional{0};
    if (!hours || !minutes) {
        return {};
    }
    const seconds size = std::chrono::hours{*hours} + std::chrono::minutes{*minutes};
    return west ? -size : size;
}

std::optional<UtcTime> calendar_time(Scanner scan, const TimeZone& zone) {
    const auto day = date(scan);
    if (!day) {
        return {};
    }
    if (scan.at_end()) {
        return zone.at_wall_time(*day);
    }
    const auto time = scan.take(" Tt") ? time_of_day(scan) : std::nullopt;
    const auto part = time ? fraction(scan) : std::nullopt;
    if (!part) {
        return {};
    }
    if (scan.at_end()) {
        return zone.at_wall_time(*day + *time) + *part;
    }
    scan.take(" ");
    const auto east = offset(scan);
    if (!east || !scan.at_end()) {
        return {};
    }
    return *day + *time - *east + *part;
}

} // namespace

Result<UtcTime> parse_time(std::string_view option, std::string_view text, UtcTime now,
                           const TimeZone& zone) {
    if (const auto ago = duration(Scanner(text))) {
        return time_ago(*ago, now);
    }
    if (const auto time = calendar_time(Scanner(text), zone)) {
        return *time;
    }
    return usage_error(fmt::format("{} '{}' is no time: write 2026-11-21, '2026-11-21 14:00', "
                                   "'2026-11-21 14:00:05', 2026-11-21T14:00:05Z, 2026-11-21T14:00:05+01:00, "
                                   "or how long ago: 90s, 15m, 2h, 3d, 1w",
                                   option, text));
}

Result<seconds> parse_duration(std::string_view option, std::string_view text) {
    if (const auto parsed = duration(Scanner(text))) {
        return *parsed;
    }
    return usage_error(fmt::format("{} '{}' is no duration: write 90s, 15m, 12h, 180d or 26w", option, text));
}

UtcTime time_ago(seconds ago, UtcTime now) {
    return ago > std::chrono::floor<seconds>(now.time_since_epoch()) ? UtcTime{} : now - ago;
}

} // namespace dovewatch::terminal
