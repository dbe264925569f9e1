// The clocks that the daemon reads.
#pragma once

#include "monitor/process_event.h"

#include <chrono>
#include <string>

namespace dovewatch {

BootTime boot_time_now();

// When a process began, to 1/100 s.
BootTime start_of(const ProcessKey& process);

// UTC minus time since boot, as of now. It changes when the wall clock is set.
std::chrono::microseconds utc_offset_now();

// Of the running kernel.
std::string read_boot_id();

} // namespace dovewatch
