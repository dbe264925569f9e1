#include "tests/exporters/fake_reader.h"

#include <catch2/catch.hpp>

namespace dovewatch::test {
namespace {

TEST_CASE("a table has colours on a terminal only") {
    Session estimated = sue();
    estimated.login_estimated = true;
    const Rows rows{.online = {estimated}};
    CHECK(dovewatch(rows, {"who", "-1"}).out.find('\x1b') == std::string::npos);
    CHECK_THAT(dovewatch(rows, {"who", "-1"}, true).out,
               Catch::StartsWith("\x1b[1musername\x1b[0m                  \x1b[1mservice\x1b[0m") &&
                   Catch::Contains("192.0.2.7        \x1b[2m2026-11-21 22:00:00 +01:00\x1b[0m     "
                                   "\x1b[2m2m34s\x1b[0m  \x1b[2mlogin estimated\x1b[0m\n"));
}

TEST_CASE("a table is aligned by cells and pushed aside by what is too long") {
    Session wide = sue();
    wide.user = "日本müller";
    Session longer = sue();
    longer.user = "a-user-with-a-rather-long-name@example.org";
    CHECK(dovewatch({.online = {wide, longer}}, {"who"}).out ==
          "username                   #  service      (pids)            (ips)\n"
          "日本müller                 1  imap         (4233)            (192.0.2.7)\n"
          "a-user-with-a-rather-long-name@example.org   1  imap         (4233)            (192.0.2.7)\n");
}

TEST_CASE("a table shows the rows that were read before the store failed") {
    Rows rows{.online = {sue()}};
    rows.error = Error{Error::Kind::unavailable, "the disk is gone"};
    for (const auto& arguments : {std::vector<std::string>{"who"}, {"who", "-1"}}) {
        const auto outcome = dovewatch(rows, arguments);
        CHECK(outcome.status == 1);
        CHECK(outcome.err == "dovewatch: the disk is gone\n");
        CHECK(outcome.out.find("sue@example.org") != std::string::npos);
    }
}

} // namespace
} // namespace dovewatch::test
