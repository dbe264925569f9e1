#include "monitor/clock.h"

#include <ctime>

namespace dovewatch {

namespace {

std::chrono::nanoseconds read_clock(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

} // namespace

BootTime boot_time_now() {
    return read_clock(CLOCK_BOOTTIME);
}

std::chrono::microseconds utc_offset_now() {
    return std::chrono::floor<std::chrono::microseconds>(read_clock(CLOCK_REALTIME) - boot_time_now());
}

} // namespace dovewatch
