// Local time, cheap enough for a column of 100,000 rows.
#pragma once

#include "store/model.h"

#include <array>
#include <chrono>
#include <ctime>

#include <fmt/format.h>

namespace dovewatch::terminal {

// What is added to UTC to give local time, as a function of the time. Not thread-safe.
class TimeZone {
  public:
    using OffsetOf = std::chrono::seconds (*)(std::time_t);

    static TimeZone utc();
    static TimeZone local(); // as the environment variable TZ and /etc/localtime say

    explicit TimeZone(OffsetOf offset_of);

    std::chrono::seconds offset_at(UtcTime time) const;

    // The instant at which a clock on the wall shows `wall`: the earlier one where it shows it twice,
    // the one that the clock skips past where it never does.
    UtcTime at_wall_time(std::chrono::sys_seconds wall) const;

  private:
    struct Known {
        std::time_t quarter = -1;
        std::chrono::seconds offset{};
    };
    OffsetOf offset_of_;
    mutable std::array<Known, 1024> known_{};
};

// "2026-11-21 22:02:34 +01:00"
void append_local_time(fmt::memory_buffer& out, UtcTime time, const TimeZone& zone);

// "22:02:34" if `time` falls on the local day of `day`, otherwise "11-22 22:02:34".
void append_short_time(fmt::memory_buffer& out, UtcTime time, UtcTime day, const TimeZone& zone);

// "2026-11-21T21:02:34.123456Z"
void append_iso_time(fmt::memory_buffer& out, UtcTime time);

} // namespace dovewatch::terminal
