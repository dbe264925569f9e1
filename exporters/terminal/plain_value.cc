#include "exporters/terminal/plain_value.h"

#include "exporters/terminal/address_text.h"
#include "exporters/terminal/time_zone.h"

#include <cstdlib>
#include <iterator>

#include <fmt/compile.h>

namespace dovewatch::terminal {

void append_plain(fmt::memory_buffer& out, std::int64_t number) {
    fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), number);
}

void append_plain(fmt::memory_buffer& out, bool yes) {
    fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), yes);
}

void append_plain(fmt::memory_buffer& out, UtcTime time) {
    append_iso_time(out, time);
}

void append_plain(fmt::memory_buffer& out, std::chrono::microseconds duration) {
    const std::int64_t size = std::abs(duration.count());
    fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}{}.{:06}"), duration.count() < 0 ? "-" : "",
                   size / 1'000'000, size % 1'000'000);
}

void append_plain(fmt::memory_buffer& out, const Address& address) {
    append_address(out, address);
}

} // namespace dovewatch::terminal
