#include "exporters/terminal/human.h"

#include <catch2/catch.hpp>

namespace dovewatch::terminal {
namespace {

using namespace std::chrono_literals;

TEST_CASE("durations have their two leading units") {
    CHECK(human_duration(-1s) == "0s");
    CHECK(human_duration(999ms) == "0s");
    CHECK(human_duration(3s) == "3s");
    CHECK(human_duration(59999ms) == "59s");
    CHECK(human_duration(1min) == "1m00s");
    CHECK(human_duration(4min + 12s) == "4m12s");
    CHECK(human_duration(2h + 5min + 59s) == "2h05m");
    CHECK(human_duration(24h) == "1d00h");
    CHECK(human_duration(76h) == "3d04h");
}

TEST_CASE("sizes are told twice, for people and exactly") {
    CHECK(human_bytes(0) == "0 bytes");
    CHECK(human_bytes(1023) == "1023 bytes");
    CHECK(human_bytes(1024) == "1.0 KiB (1024 bytes)");
    CHECK(human_bytes(12897484) == "12.3 MiB (12897484 bytes)");
    CHECK(human_bytes(UINT64_MAX) == "16384.0 PiB (18446744073709551615 bytes)");
}

} // namespace
} // namespace dovewatch::terminal
