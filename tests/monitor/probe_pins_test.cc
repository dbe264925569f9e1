#include "monitor/probe_pins.h"
#include "tests/temporary_folder.h"

#include <chrono>
#include <fstream>

#include <catch2/catch.hpp>

using namespace dovewatch;

TEST_CASE("a library that was written anew in its place has other pins") {
    const FileId before{8, 123, 5'000'000'001, 4096};
    const auto pin = library_pin("/pins", event_info_pin, before);
    CHECK(is_library_pin(pin));
    CHECK_FALSE(is_outdated_pin(pin, before));
    for (const FileId& written : {FileId{8, 123, 5'000'000'002, 4096}, FileId{8, 123, 5'000'000'001, 4097}}) {
        CHECK(library_pin("/pins", event_info_pin, written) != pin);
        CHECK(is_outdated_pin(pin, written));
    }
    for (const FileId& other : {FileId{9, 123, 6'000'000'000, 1}, FileId{8, 12, 6'000'000'000, 1},
                                FileId{8, 1234, 6'000'000'000, 1}}) {
        CHECK_FALSE(is_outdated_pin(pin, other));
    }
}

TEST_CASE("the other pins are no library's") {
    for (const char* name : {"on_exit", "on_exec", switch_pin, "setup", "events"}) {
        CHECK_FALSE(is_library_pin(std::filesystem::path("/pins-of") / name));
        CHECK_FALSE(is_outdated_pin(name, {8, 123, 1, 1}));
    }
}

TEST_CASE("probes are outlived when another source has stored since they were pinned") {
    const test::TemporaryFolder pins;
    const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    const auto stored_at = [](UtcTime at, const char* source_id) {
        return Checkpoint{"boot", at, {source_id, 0}, ""};
    };
    CHECK_FALSE(are_outlived(pins.path(), stored_at(now + std::chrono::hours(1), "")));
    std::ofstream(pins / "setup") << "";
    CHECK(are_outlived(pins.path(), stored_at(now + std::chrono::hours(1), "")));
    CHECK_FALSE(are_outlived(pins.path(), stored_at(now - std::chrono::hours(1), "")));
    CHECK_FALSE(are_outlived(pins.path(), stored_at(now + std::chrono::hours(1), "0123456789abcdef")));
}
