#include "exporters/terminal/human.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include <fmt/compile.h>

namespace dovewatch::terminal {

void append_duration(fmt::memory_buffer& out, std::chrono::microseconds duration) {
    const auto total = std::max<std::int64_t>(0, duration / std::chrono::seconds{1});
    const std::int64_t minutes = total / 60;
    const std::int64_t hours = minutes / 60;
    const std::int64_t days = hours / 24;
    const auto to = std::back_inserter(out);
    if (days > 0) {
        fmt::format_to(to, FMT_COMPILE("{}d{:02}h"), days, hours % 24);
    } else if (hours > 0) {
        fmt::format_to(to, FMT_COMPILE("{}h{:02}m"), hours, minutes % 60);
    } else if (minutes > 0) {
        fmt::format_to(to, FMT_COMPILE("{}m{:02}s"), minutes, total % 60);
    } else {
        fmt::format_to(to, FMT_COMPILE("{}s"), total);
    }
}

std::string human_duration(std::chrono::microseconds duration) {
    fmt::memory_buffer text;
    append_duration(text, duration);
    return fmt::to_string(text);
}

std::string human_bytes(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 5> units{"KiB", "MiB", "GiB", "TiB", "PiB"};
    if (bytes < 1024) {
        return fmt::format("{} bytes", bytes);
    }
    double size = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    for (; size >= 1024 && unit + 1 < units.size(); ++unit) {
        size /= 1024;
    }
    return fmt::format("{:.1f} {} ({} bytes)", size, units.at(unit), bytes);
}

} // namespace dovewatch::terminal
