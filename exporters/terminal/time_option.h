// The values of options that are times or durations. A usage error names the option and lists what it takes.
#pragma once

#include "exporters/terminal/time_zone.h"
#include "store/model.h"
#include "store/result.h"

#include <chrono>
#include <string_view>

namespace dovewatch::terminal {

// A date, a date and time, with Z or an offset if not in `zone`, or a time ago such as "15m".
[[nodiscard]] Result<UtcTime> parse_time(std::string_view option, std::string_view text, UtcTime now,
                                         const TimeZone& zone);

// A number and one of s, m, h, d, w.
[[nodiscard]] Result<std::chrono::seconds> parse_duration(std::string_view option, std::string_view text);

// The time that long ago, but not before 1970.
UtcTime time_ago(std::chrono::seconds ago, UtcTime now);

} // namespace dovewatch::terminal
