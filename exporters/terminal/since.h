// The T of `--since T`.
#pragma once

#include "exporters/terminal/time_zone.h"
#include "store/model.h"
#include "store/result.h"

#include <string_view>

namespace dovewatch::terminal {

// A date, a date and time, with Z or an offset if not in `zone`, or a time ago such as "15m". A usage
// error that lists the accepted forms for anything else.
[[nodiscard]] Result<UtcTime> parse_since(std::string_view text, UtcTime now, const TimeZone& zone);

} // namespace dovewatch::terminal
