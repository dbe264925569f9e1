// Quantities as a person reads them at a glance.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <fmt/format.h>

namespace dovewatch::terminal {

// The two leading units: "3s", "4m12s", "2h05m", "3d04h". A negative one is "0s".
void append_duration(fmt::memory_buffer& out, std::chrono::microseconds duration);
std::string human_duration(std::chrono::microseconds duration);

// "512 bytes", "12.3 MiB (12897484 bytes)"
std::string human_bytes(std::uint64_t bytes);

} // namespace dovewatch::terminal
