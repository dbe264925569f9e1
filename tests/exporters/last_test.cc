#include "tests/exporters/fake_reader.h"

#include <catch2/catch.hpp>

namespace dovewatch::test {
namespace {

Session killed() {
    Session session = tom();
    session.user = "kim";
    session.address.reset();
    session.login = utc("2026-11-21T22:00:00");
    session.logout = utc("2026-11-22T02:05:00");
    session.end = End::signal;
    return session;
}

Session found_gone() {
    Session session = tom();
    session.end = End::lost;
    session.logout_estimated = session.login_estimated = true;
    return session;
}

const std::string header =
    "time                        user                      service       ip               "
    "end             duration\n";

TEST_CASE("last shows sessions and deliveries") {
    const auto outcome = dovewatch({.history = {killed(), sue(), tom(), ann()}}, {"last"});
    CHECK(outcome.out ==
          header + "2026-11-21 23:00:00 +01:00  kim                       pop3          -                "
                   "11-22 03:05:00     4h05m  killed\n"
                   "2026-11-21 22:00:00 +01:00  sue@example.org           imap          192.0.2.7        "
                   "still online       2m34s\n"
                   "2026-11-21 21:00:00 +01:00  tom                       pop3          2001:db8::1      "
                   "21:00:00              0s\n"
                   "2026-11-21 20:00:00 +01:00  ann                       lmtp          -                "
                   "delivery\n");
    CHECK(outcome.err.empty());
    CHECK(outcome.status == 0);
}

TEST_CASE("last tells how a session ended and what is estimated") {
    const auto outcome = dovewatch({.history = {found_gone()}}, {"last"});
    CHECK_THAT(outcome.out, Catch::EndsWith("  end not seen, login estimated, logout estimated\n"));
    Session exited = tom();
    exited.end = End::exit;
    CHECK_THAT(dovewatch({.history = {exited}}, {"last"}).out, Catch::EndsWith("0s  exit without logout\n"));
}

TEST_CASE("last passes its query on") {
    dovewatch({}, {"last", "tom", "-n", "5", "--since", "2h"});
    CHECK(asked().query.user == "tom");
    CHECK(asked().query.limit == 5);
    CHECK(asked().query.since == utc("2026-11-21T19:02:34.5"));
    dovewatch({}, {"last", "--since", "2026-11-21 14:00"});
    CHECK(asked().query.since == utc("2026-11-21T13:00:00"));
    dovewatch({}, {"last", "--utc", "--since", "2026-11-21 14:00"});
    CHECK(asked().query.since == utc("2026-11-21T14:00:00"));
    dovewatch({}, {"last"});
    CHECK_FALSE(asked().query.user);
    CHECK_FALSE(asked().query.limit);
    CHECK_FALSE(asked().query.since);
}

TEST_CASE("last says when nothing is recorded") {
    CHECK(dovewatch({}, {"last"}).err == "no session or delivery is recorded\n");
    const auto outcome = dovewatch({}, {"last", "t\x07m", "--since", "1d"});
    CHECK(outcome.err == "no session or delivery of t\\x07m is recorded since then\n");
    CHECK(outcome.out.empty());
    CHECK(outcome.status == 0);
}

TEST_CASE("last refuses what is no number and no time") {
    for (const char* number : {"0", "-1", "x", "5x", "", "99999999999999999999"}) {
        const auto outcome = dovewatch({}, {"last", "-n", number});
        CAPTURE(number, outcome.err);
        CHECK(outcome.status == 2);
    }
    const auto outcome = dovewatch({}, {"last", "--since", "noon"});
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, Catch::StartsWith("dovewatch: --since 'noon' is no time"));
}

} // namespace
} // namespace dovewatch::test
