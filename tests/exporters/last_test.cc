#include "tests/exporters/fake_reader.h"

#include <algorithm>

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
    "end             duration  reason\n";

TEST_CASE("last shows sessions and deliveries") {
    const auto outcome = dovewatch({.history = {killed(), sue(), tom(), ann()}}, {"last"});
    CHECK(outcome.out ==
          header + "2026-11-21 23:00:00 +01:00  kim                       pop3          -                "
                   "11-22 03:05:00     4h05m                     killed\n"
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
    CHECK_THAT(dovewatch({.history = {exited}}, {"last"}).out,
               Catch::EndsWith("0s                     exit without logout\n"));
}

TEST_CASE("last passes its query on") {
    dovewatch({}, {"last", "tom", "--since", "2h", "--until", "2026-11-21T21:00Z"});
    CHECK(asked().query.user == "tom");
    CHECK(asked().query.since == utc("2026-11-21T19:02:34.5"));
    CHECK(asked().query.until == utc("2026-11-21T21:00:00"));
    dovewatch({}, {"last", "--since", "2026-11-21 14:00"});
    CHECK(asked().query.since == utc("2026-11-21T13:00:00"));
    dovewatch({}, {"last", "--utc", "--since", "2026-11-21 14:00"});
    CHECK(asked().query.since == utc("2026-11-21T14:00:00"));
    dovewatch({}, {"last"});
    CHECK_FALSE(asked().query.user);
    CHECK_FALSE(asked().query.since);
    CHECK_FALSE(asked().query.until);
}

Session with_reason(Session session) {
    session.reason = "Disconnected: Logged out";
    session.statistics = "top=0/0, retr=1/512, del=2/3, size=999";
    session.numbers = {0, 1, 2, 1, 512};
    return session;
}

std::size_t count_lines(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST_CASE("last shows the reason of an end, in short") {
    CHECK_THAT(dovewatch({.history = {with_reason(tom())}}, {"last"}).out,
               Catch::EndsWith("        0s  Disconnected: Logged out\n"));
    Session session = tom();
    session.reason = "Connection closed: r\x1b[31m\xc3\xa4" + std::string(100, 'x');
    CHECK_THAT(dovewatch({.history = {session}}, {"last"}).out,
               Catch::EndsWith("0s  Connection closed: r\\x1b[31m\xc3\xa4xxxxxx...\n"));
    session.reason = std::string(32, 'x') + "\xc3\xa4\xc3\xa4\xc3\xa4";
    CHECK(dovewatch({.history = {session}}, {"last"}).out.find("\\x") == std::string::npos);
}

TEST_CASE("last gives programs the reason, the statistics and their numbers") {
    const auto json = dovewatch({.history = {with_reason(tom()), ann()}}, {"last", "--json"}).out;
    CHECK_THAT(json, Catch::Contains(R"("hibernated":false,"reason":"Disconnected: Logged out",)"
                                     R"("statistics":"top=0/0, retr=1/512, del=2/3, size=999",)"
                                     R"("top":0,"retrieved":1,"deleted":2,"left":1,"bytes":512})"));
    CHECK_THAT(json, Catch::Contains(R"("reason":null,"statistics":null,"top":null,"retrieved":null,)"
                                     R"("deleted":null,"left":null,"bytes":null})"));
}

TEST_CASE("last filters by class, network and reason, and counts what it shows") {
    Session webmail = sue();
    webmail.service_class = "webmail";
    const Rows rows{.history = {webmail, sue(), with_reason(tom()), sue(), ann()}};
    const auto lines_of = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"last", "--csv"});
        return count_lines(dovewatch(rows, arguments).out) - 1;
    };
    CHECK(lines_of({}) == 5);
    CHECK(lines_of({"--class", "imap"}) == 2);
    CHECK(lines_of({"--class", "webmail"}) == 1);
    CHECK(lines_of({"--class", "lmtp"}) == 1);
    CHECK(lines_of({"--ip", "192.0.2.0/24"}) == 3);
    CHECK(lines_of({"--ip", "2001:db8::1"}) == 1);
    CHECK(lines_of({"--reason", "LOGGED out"}) == 1);
    CHECK(lines_of({"--reason", "inactivity"}) == 0);
    CHECK(lines_of({"--reason", ""}) == 4);
    CHECK(lines_of({"-n", "2"}) == 2);
    CHECK(lines_of({"--class", "imap", "-n", "2"}) == 2);
    CHECK(lines_of({"--class", "imap", "-n", "1"}) == 1);
    CHECK(lines_of({"--class", "imap", "--ip", "10.0.0.0/8"}) == 0);
}

TEST_CASE("last says when nothing passes its filter, and refuses what is no network") {
    CHECK(dovewatch({.history = {tom()}}, {"last", "--class", "imap"}).err ==
          "no such session or delivery is recorded\n");
    CHECK(dovewatch({}, {"last", "sue", "--until", "1d"}).err ==
          "no such session or delivery of sue is recorded\n");
    CHECK(dovewatch({}, {"last", "--ip", "300.1.2.3"}).status == 2);
    CHECK_THAT(dovewatch({}, {"last", "--until", "noon"}).err,
               Catch::StartsWith("dovewatch: --until 'noon' is no time"));
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
