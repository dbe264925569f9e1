// A token bucket: how many files a second may be counted.
#pragma once

#include <chrono>
#include <cstdint>

namespace dovewatch::table {

// Has no clock: takes times. Not thread-safe.
class RateLimit {
  public:
    using Time = std::chrono::steady_clock::time_point;

    static constexpr std::uint32_t unlimited = 1'000'000'000;

    // 1 to `unlimited` tokens a second.
    explicit RateLimit(std::uint32_t per_second) : interval_(unlimited / per_second) {}

    // Takes a token, and says how long to wait before it is used. After a pause a tenth of a second's tokens
    // are free. Waits shorter than 10 ms are put off, so that a fast counter sleeps 100 times a second at
    // most.
    std::chrono::nanoseconds take(Time now);

  private:
    std::chrono::nanoseconds interval_;
    Time next_{};
};

} // namespace dovewatch::table
