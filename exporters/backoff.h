// How long to wait after failures.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace dovewatch {

// Doubles with each failure, from a quarter of a second to a minute, and varies by a third either way, so
// that several do not knock at the same time.
class Backoff {
  public:
    static constexpr std::chrono::milliseconds first{250};
    static constexpr std::chrono::milliseconds most{60'000};

    std::chrono::milliseconds failed() {
        const auto delay = std::min(most, first * (1 << std::min(failures_, 8)));
        ++failures_;
        std::uniform_real_distribution<double> jitter(2.0 / 3, 4.0 / 3);
        return std::chrono::duration_cast<std::chrono::milliseconds>(delay * jitter(random_));
    }

    void succeeded() { failures_ = 0; }

  private:
    int failures_ = 0;
    std::mt19937 random_{std::random_device{}()};
};

} // namespace dovewatch
