#include "exporters/terminal/time_option.h"
#include "tests/exporters/fake_reader.h"

#include <catch2/catch.hpp>

namespace dovewatch::terminal {
namespace {

using test::utc;

const UtcTime now = utc("2026-11-21T21:02:34.500000");

std::chrono::seconds one_hour_east(std::time_t /*time*/) {
    return std::chrono::hours{1};
}

const TimeZone zone(one_hour_east);

TEST_CASE("the option --since takes a time") {
    const auto [text, time] = GENERATE(table<const char*, const char*>({
        {"2026-11-21", "2026-11-20T23:00:00"},
        {"2026-11-21 14:00", "2026-11-21T13:00:00"},
        {"2026-11-21 14:00:05", "2026-11-21T13:00:05"},
        {"2026-11-21T14:00:05", "2026-11-21T13:00:05"},
        {"2026-11-21T14:00:05Z", "2026-11-21T14:00:05"},
        {"2026-11-21T14:00Z", "2026-11-21T14:00:00"},
        {"2026-11-21T14:00:05.123456Z", "2026-11-21T14:00:05.123456"},
        {"2026-11-21T14:00:05.5Z", "2026-11-21T14:00:05.500000"},
        {"2026-11-21T14:00:05.1234567Z", "2026-11-21T14:00:05.123456"},
        {"2026-11-21T14:00:05+02:00", "2026-11-21T12:00:05"},
        {"2026-11-21T14:00:05-0330", "2026-11-21T17:30:05"},
        {"2026-11-21T14:00:05+02", "2026-11-21T12:00:05"},
        {"2026-11-21 22:02:34 +01:00", "2026-11-21T21:02:34"}, // as the tables show it
        {"2028-02-29", "2028-02-28T23:00:00"},
        {"90s", "2026-11-21T21:01:04.500000"},
        {"15m", "2026-11-21T20:47:34.500000"},
        {"2h", "2026-11-21T19:02:34.500000"},
        {"3d", "2026-11-18T21:02:34.500000"},
        {"1w", "2026-11-14T21:02:34.500000"},
        {"999999999w", "1970-01-01T00:00:00"},
    }));
    CAPTURE(text);
    const auto since = parse_time("--since", text, now, zone);
    REQUIRE(since);
    CHECK(*since == utc(time));
}

TEST_CASE("the option --since refuses what is no time and says what is") {
    const auto* const text =
        GENERATE("", " ", "yesterday", "2026-11", "2026-13-01", "2026-02-30", "2026-11-21 ", "2026-11-21 14",
                 "2026-11-21 24:00", "2026-11-21 14:60", "2026-11-21 14:00:61", "2026-11-21T14:00:05+",
                 "2026-11-21T14:00:05+1", "2026-11-21T14:00:05+24:00",
                 "2026-11-21T14:00:05+01:", "2026-11-21Z", "2026-11-21T14:00:05.Z", "2026-11-21T14:00:05Zx",
                 "15", "m", "-15m", "15M", "15m ", "1h30m", "9999999999s", "1.5h", "2026-1-2", "02026-11-21");
    CAPTURE(text);
    const auto since = parse_time("--since", text, now, zone);
    REQUIRE_FALSE(since);
    CHECK(since.error().kind == Error::Kind::usage);
    CHECK_THAT(since.error().message,
               Catch::StartsWith("--since '" + std::string(text) + "' is no time: write") &&
                   Catch::Contains("2026-11-21T14:00:05Z") && Catch::Contains("15m"));
}

} // namespace
} // namespace dovewatch::terminal
