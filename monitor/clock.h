// The clocks that the daemon reads.
#pragma once

#include "monitor/process_event.h"

#include <chrono>

namespace dovewatch {

BootTime boot_time_now();

// UTC minus time since boot, as of now. It changes when the wall clock is set.
std::chrono::microseconds utc_offset_now();

} // namespace dovewatch
