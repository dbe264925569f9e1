// Figures: table_exporter_tests "[.bench]", on a warm cache.
#include "tests/exporters/mail_sample.h"

#include <iostream>

#include <catch2/catch.hpp>

namespace dovewatch::test {
namespace {

constexpr int messages = 100'000;

void measure(const std::string& title, const std::string& ending) {
    const TemporaryFolder folder;
    make_maildir(folder.path());
    for (int i = 0; i < messages; ++i) {
        write_bytes(folder.path() / "cur" /
                        ("1700000000.M" + std::to_string(i) + "P42.mail.example.org" + ending),
                    "");
    }
    count_maildir(folder.path());
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 5; ++i) {
        CHECK(count_maildir(folder.path()).files == messages);
    }
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    std::cout << title << ": " << static_cast<std::int64_t>(5 * messages / time.count())
              << " files per second\n";
}

} // namespace

TEST_CASE("Maildir counting speed", "[.bench]") {
    measure("sizes in names", ",S=1234,W=1260:2,S");
    measure("sizes by stat", ":2,S");
}

} // namespace dovewatch::test
