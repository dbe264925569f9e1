#include "tests/exporters/fake_reader.h"

#include <catch2/catch.hpp>

namespace dovewatch::test {
namespace {

Rows logins() {
    const UtcTime at = utc("2026-11-21T21:00:00");
    return {.last_logins = {{"ann", "lmtp", at, {}, 3},
                            {"sue", "imap", at, Address::parse("192.0.2.7"), 12},
                            {"sue", "webmail", at, Address::parse("10.0.0.5"), 1}}};
}

TEST_CASE("lastlogin shows a line per user and the classes that occur") {
    const auto outcome = dovewatch(logins(), {"lastlogin", "--utc"});
    CHECK(
        outcome.out ==
        "user                      imap                        imap ip          lmtp                        "
        "lmtp ip          webmail                     webmail ip\n"
        "ann                       -                           -                2026-11-21 21:00:00 +00:00  "
        "-                -                           -\n"
        "sue                       2026-11-21 21:00:00 +00:00  192.0.2.7        -                           "
        "-                2026-11-21 21:00:00 +00:00  10.0.0.5\n");
    CHECK(outcome.err.empty());
    CHECK(outcome.status == 0);
}

TEST_CASE("lastlogin gives programs a row per user and class") {
    CHECK(dovewatch(logins(), {"lastlogin", "--csv"}).out ==
          "user,class,login,address,count\n"
          "ann,lmtp,2026-11-21T21:00:00.000000Z,,3\n"
          "sue,imap,2026-11-21T21:00:00.000000Z,192.0.2.7,12\n"
          "sue,webmail,2026-11-21T21:00:00.000000Z,10.0.0.5,1\n");
    CHECK(dovewatch({.last_logins = {logins().last_logins.front()}}, {"lastlogin", "--json"}).out ==
          "[\n"
          R"({"user":"ann","class":"lmtp","login":"2026-11-21T21:00:00.000000Z","address":null,"count":3})"
          "\n]\n");
}

TEST_CASE("lastlogin passes its glob on and says when nothing is recorded") {
    const auto outcome = dovewatch({}, {"lastlogin", "s*"});
    CHECK(asked().glob == "s*");
    CHECK(outcome.out.empty());
    CHECK(outcome.err == "no login is recorded of a user that matches\n");
    CHECK(outcome.status == 0);
    CHECK(dovewatch({}, {"lastlogin"}).err == "no login is recorded yet\n");
}

} // namespace
} // namespace dovewatch::test
