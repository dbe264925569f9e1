#include "exporters/terminal/time_zone.h"
#include "tests/exporters/fake_reader.h"

#include <cstdlib>
#include <string>

#include <catch2/catch.hpp>

namespace dovewatch::terminal {
namespace {

using test::utc;
using namespace std::chrono_literals;

TimeZone zone_named(const char* name) {
    setenv("TZ", name, 1); // NOLINT(concurrency-mt-unsafe)
    return TimeZone::local();
}

constexpr const char* berlin = "CET-1CEST,M3.5.0,M10.5.0/3"; // needs no tzdata

template <typename Append, typename... Arguments>
std::string text(Append append, const Arguments&... arguments) {
    fmt::memory_buffer out;
    append(out, arguments...);
    return fmt::to_string(out);
}

TEST_CASE("local times carry their offset") {
    const TimeZone zone = zone_named(berlin);
    CHECK(text(append_local_time, utc("2026-11-21T21:02:34.9"), zone) == "2026-11-21 22:02:34 +01:00");
    CHECK(text(append_local_time, utc("2026-07-01T22:00:00"), zone) == "2026-07-02 00:00:00 +02:00");
    CHECK(text(append_local_time, utc("2026-11-21T21:02:34"), TimeZone::utc()) ==
          "2026-11-21 21:02:34 +00:00");
    CHECK(text(append_local_time, utc("2026-11-21T01:02:34"), zone_named("<-0330>3:30")) ==
          "2026-11-20 21:32:34 -03:30");
    CHECK(text(append_local_time, UtcTime{-1us}, TimeZone::utc()) == "1969-12-31 23:59:59 +00:00");
}

TEST_CASE("the offset changes in the second in which the clocks do") {
    const TimeZone zone = zone_named(berlin);
    for (int twice = 0; twice < 2; ++twice) {
        CHECK(zone.offset_at(utc("2026-10-25T00:59:59.999999")) == 2h);
        CHECK(zone.offset_at(utc("2026-10-25T01:00:00")) == 1h);
        CHECK(zone.offset_at(utc("2026-03-29T00:59:59")) == 1h);
        CHECK(zone.offset_at(utc("2026-03-29T01:00:00")) == 2h);
    }
}

TEST_CASE("times that share a place in the cache keep their own offsets") {
    const TimeZone zone = zone_named(berlin);
    const UtcTime summer = utc("2026-10-20T12:00:00");
    for (int twice = 0; twice < 2; ++twice) {
        CHECK(zone.offset_at(summer) == 2h);
        CHECK(zone.offset_at(summer + 1024 * 15min) == 1h);
    }
}

TEST_CASE("a time on the wall is one instant") {
    const TimeZone zone = zone_named(berlin);
    const auto at = [&](const char* wall) {
        return zone.at_wall_time(std::chrono::floor<std::chrono::seconds>(utc(wall)));
    };
    CHECK(at("2026-11-21T22:00:00") == utc("2026-11-21T21:00:00"));
    CHECK(at("2026-07-01T00:00:00") == utc("2026-06-30T22:00:00"));
    CHECK(at("2026-10-25T02:30:00") == utc("2026-10-25T00:30:00")); // shown twice
    CHECK(at("2026-03-29T02:30:00") == utc("2026-03-29T01:30:00")); // never shown
    CHECK(at("2026-03-29T03:00:00") == utc("2026-03-29T01:00:00"));
}

TEST_CASE("a time of the same day needs no date") {
    const TimeZone zone = zone_named(berlin);
    const UtcTime login = utc("2026-11-21T22:30:00"); // 23:30 on the wall
    CHECK(text(append_short_time, utc("2026-11-21T22:59:59"), login, zone) == "23:59:59");
    CHECK(text(append_short_time, utc("2026-11-21T23:00:00"), login, zone) == "11-22 00:00:00");
}

TEST_CASE("programs read UTC with microseconds") {
    CHECK(text(append_iso_time, utc("2026-11-21T21:02:34.123456")) == "2026-11-21T21:02:34.123456Z");
    CHECK(text(append_iso_time, utc("2026-01-02T03:04:05.000007")) == "2026-01-02T03:04:05.000007Z");
    CHECK(text(append_iso_time, UtcTime{-1us}) == "1969-12-31T23:59:59.999999Z");
}

} // namespace
} // namespace dovewatch::terminal
