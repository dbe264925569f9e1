#include "exporters/table/rate_limit.h"

#include <algorithm>

namespace dovewatch::table {

std::chrono::nanoseconds RateLimit::take(Time now) {
    constexpr std::chrono::milliseconds burst{100};
    constexpr std::chrono::milliseconds worth_waiting{10};
    next_ = std::max(next_, now - burst);
    const std::chrono::nanoseconds wait = next_ - now;
    next_ += interval_;
    return wait < worth_waiting ? std::chrono::nanoseconds{0} : wait;
}

} // namespace dovewatch::table
