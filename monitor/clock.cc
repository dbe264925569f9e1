#include "monitor/clock.h"

#include "monitor/proc_files.h"

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

BootTime start_of(const ProcessKey& process) {
    return std::chrono::milliseconds(10) * process.start_ticks;
}

std::string read_boot_id() {
    return read_file("/proc/sys/kernel/random/boot_id").value_or("");
}

std::chrono::microseconds utc_offset_now() {
    return std::chrono::floor<std::chrono::microseconds>(read_clock(CLOCK_REALTIME) - boot_time_now());
}

} // namespace dovewatch
