// A source that is replaced by another when it fails in flight.
#pragma once

#include "monitor/source.h"

#include <functional>
#include <memory>
#include <string_view>

namespace dovewatch {

inline constexpr std::string_view going_on_by_polling =
    "Going on by polling /proc, which misses short sessions";

using StartSource = std::function<Result<std::unique_ptr<Source>>()>;

// Hands all on to `first` until one of its calls fails for good. Then it is retired, which gives up what it
// still held, `start_second` makes its successor, and the log says why. `lost` grows with it, so that a sweep
// follows; what was lost before stays in `counters`. An error that may pass (unavailable) is the caller's,
// and so are the successor's own failures.
[[nodiscard]] Result<std::unique_ptr<Source>> make_failover_source(std::unique_ptr<Source> first,
                                                                   StartSource start_second);

} // namespace dovewatch
