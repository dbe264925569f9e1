// Values as programs read them, the same in JSON and CSV.
#pragma once

#include "store/model.h"

#include <chrono>
#include <cstdint>

#include <fmt/format.h>

namespace dovewatch::terminal {

void append_plain(fmt::memory_buffer& out, std::int64_t number);
void append_plain(fmt::memory_buffer& out, bool yes);                           // true, false
void append_plain(fmt::memory_buffer& out, UtcTime time);                       // 2026-11-21T21:02:34.123456Z
void append_plain(fmt::memory_buffer& out, std::chrono::microseconds duration); // seconds: 0.004200
void append_plain(fmt::memory_buffer& out, const Address& address);

} // namespace dovewatch::terminal
