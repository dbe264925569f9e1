#include "exporters/terminal/time_zone.h"

#include <algorithm>
#include <iterator>

#include <fmt/compile.h>

namespace dovewatch::terminal {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

// Every time zone has changed its offset on a quarter of an hour of UTC only, since 1972.
constexpr std::time_t seconds_in_quarter = 900;

seconds no_offset(std::time_t /*time*/) {
    return seconds{0};
}

seconds offset_of_environment(std::time_t time) {
    std::tm broken_down{};
    if (localtime_r(&time, &broken_down) == nullptr) {
        return seconds{0};
    }
    return seconds{broken_down.tm_gmtoff};
}

sys_seconds wall_time(UtcTime time, const TimeZone& zone) {
    return floor<seconds>(time) + zone.offset_at(time);
}

void append_date(fmt::memory_buffer& out, sys_seconds wall) {
    const std::chrono::year_month_day date{floor<days>(wall)};
    fmt::format_to(std::back_inserter(out), FMT_COMPILE("{:04}-{:02}-{:02}"), static_cast<int>(date.year()),
                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

void append_time_of_day(fmt::memory_buffer& out, sys_seconds wall) {
    const std::chrono::hh_mm_ss time{wall - floor<days>(wall)};
    fmt::format_to(std::back_inserter(out), FMT_COMPILE("{:02}:{:02}:{:02}"), time.hours().count(),
                   time.minutes().count(), time.seconds().count());
}

void append_offset(fmt::memory_buffer& out, seconds offset) {
    const std::chrono::hh_mm_ss size{std::chrono::abs(offset)};
    fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}{:02}:{:02}"), offset < seconds{0} ? '-' : '+',
                   size.hours().count(), size.minutes().count());
}

} // namespace

TimeZone TimeZone::utc() {
    return TimeZone(no_offset);
}

TimeZone TimeZone::local() {
    tzset();
    return TimeZone(offset_of_environment);
}

TimeZone::TimeZone(OffsetOf offset_of) : offset_of_(offset_of) {}

seconds TimeZone::offset_at(UtcTime time) const {
    const std::time_t second = floor<seconds>(time.time_since_epoch()).count();
    if (second < 0) {
        return offset_of_(second);
    }
    const std::time_t quarter = second / seconds_in_quarter;
    Known& known = known_[static_cast<std::size_t>(quarter) % known_.size()];
    if (known.quarter != quarter) {
        known = {quarter, offset_of_(quarter * seconds_in_quarter)};
    }
    return known.offset;
}

UtcTime TimeZone::at_wall_time(sys_seconds wall) const {
    const seconds before = offset_at(wall - days{1});
    const seconds after = offset_at(wall + days{1});
    for (const seconds offset : {std::max(before, after), std::min(before, after)}) {
        if (offset_at(wall - offset) == offset) {
            return wall - offset;
        }
    }
    return wall - before;
}

void append_local_time(fmt::memory_buffer& out, UtcTime time, const TimeZone& zone) {
    const sys_seconds wall = wall_time(time, zone);
    append_date(out, wall);
    out.push_back(' ');
    append_time_of_day(out, wall);
    out.push_back(' ');
    append_offset(out, zone.offset_at(time));
}

void append_short_time(fmt::memory_buffer& out, UtcTime time, UtcTime day, const TimeZone& zone) {
    const sys_seconds wall = wall_time(time, zone);
    if (floor<days>(wall) != floor<days>(wall_time(day, zone))) {
        const std::chrono::year_month_day date{floor<days>(wall)};
        fmt::format_to(std::back_inserter(out), FMT_COMPILE("{:02}-{:02} "),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    }
    append_time_of_day(out, wall);
}

void append_iso_time(fmt::memory_buffer& out, UtcTime time) {
    const auto second = floor<seconds>(time);
    append_date(out, second);
    out.push_back('T');
    append_time_of_day(out, second);
    fmt::format_to(std::back_inserter(out), FMT_COMPILE(".{:06}Z"), (time - second).count());
}

} // namespace dovewatch::terminal
