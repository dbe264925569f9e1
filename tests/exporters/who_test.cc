#include "tests/exporters/fake_reader.h"

#include <catch2/catch.hpp>

namespace dovewatch::test {
namespace {

Session hibernated() {
    Session session = sue();
    session.process.pid = 5000;
    session.hibernated = true;
    session.login_estimated = true;
    session.address.reset();
    return session;
}

Session webmail() {
    Session session = sue();
    session.user = "w\x1b[31m";
    session.service_class = "webmail";
    session.login = utc("2026-11-18T17:02:34.5");
    return session;
}

TEST_CASE("who shows a line per user and service") {
    Session second = sue();
    second.process.pid = 99;
    second.address = Address::parse("10.0.0.5");
    Session third = sue(); // another session in the same process
    Session pop = sue();
    pop.service = Service::pop3;
    pop.process.pid = 77;
    const Rows rows{.online = {sue(), pop, second, third, webmail()}};
    const auto outcome = dovewatch(rows, {"who"});
    CHECK(outcome.out == "username                   #  service      (pids)            (ips)\n"
                         "sue@example.org            3  imap         (99 4233)         (10.0.0.5 192.0.2.7)\n"
                         "sue@example.org            1  pop3         (77)              (192.0.2.7)\n"
                         "w\\x1b[31m                  1  imap         (4233)            (192.0.2.7)\n");
    CHECK(outcome.err.empty());
    CHECK(outcome.status == 0);
}

TEST_CASE("who names no process of a hibernated session") {
    const auto outcome = dovewatch({.online = {hibernated(), sue()}}, {"who"});
    CHECK(outcome.out == "username                   #  service      (pids)            (ips)\n"
                         "sue@example.org            2  imap         (4233 +1 hibernated)  (192.0.2.7)\n");
    CHECK(dovewatch({.online = {hibernated()}}, {"who"}).out ==
          "username                   #  service      (pids)            (ips)\n"
          "sue@example.org            1  imap         (+1 hibernated)   ()\n");
}

TEST_CASE("who -1 shows a line per session") {
    const auto outcome = dovewatch({.online = {sue(), hibernated(), webmail()}}, {"who", "-1"});
    CHECK(outcome.out == "username                  service           pid  ip               since            "
                         "           duration\n"
                         "sue@example.org           imap             4233  192.0.2.7        2026-11-21 "
                         "22:00:00 +01:00     2m34s\n"
                         "sue@example.org           imap                -  -                2026-11-21 "
                         "22:00:00 +01:00     2m34s"
                         "  hibernated, login estimated\n"
                         "w\\x1b[31m                 imap/webmail     4233  192.0.2.7        2026-11-18 "
                         "18:02:34 +01:00     3d04h\n");
    CHECK(dovewatch({.online = {sue()}}, {"who", "-1", "--utc"}).out.find("2026-11-21 21:00:00 +00:00") !=
          std::string::npos);
}

TEST_CASE("who passes its filter on") {
    dovewatch({}, {"who", "s*@example.org", "--service", "imap", "--ip", "192.0.2.0/24"});
    CHECK(asked().filter.user_glob == "s*@example.org");
    CHECK(asked().filter.service == Service::imap);
    REQUIRE(asked().filter.network);
    CHECK(asked().filter.network->contains(*Address::parse("192.0.2.7")));
    CHECK_FALSE(asked().filter.network->contains(*Address::parse("192.0.3.7")));
}

TEST_CASE("who says when nobody is online") {
    const auto outcome = dovewatch({}, {"who"});
    CHECK(outcome.out.empty());
    CHECK(outcome.err == "nobody is online\n");
    CHECK(outcome.status == 0);
    CHECK(dovewatch({}, {"who", "tom"}).err == "nobody that you ask for is online\n");
    CHECK(dovewatch({}, {"who", "-1"}).err == "nobody is online\n");
    CHECK(dovewatch({}, {"who", "--json"}).err.empty());
}

TEST_CASE("who warns when the daemon does not run, and shows what there is") {
    Rows rows{.online = {sue()}};
    rows.status.daemon_pid.reset();
    CHECK(dovewatch(rows, {"who"}).err ==
          "dovewatch: warning: dovewatchd is not running; this is what it last saw. "
          "Start it: systemctl start dovewatchd\n");
    rows.status.daemon = DaemonStatus{};
    rows.status.daemon->last_event = utc("2026-11-21T19:00:00");
    for (const char* command : {"who", "last", "lastlogin"}) {
        const auto outcome = dovewatch(rows, {command, "--json"});
        CHECK(outcome.err == "dovewatch: warning: dovewatchd is not running; this is what it last saw "
                             "(2h02m ago). Start it: systemctl start dovewatchd\n");
        CHECK(outcome.status == 0);
    }
    CHECK(dovewatch(rows, {"who"}).out.find("sue@example.org") != std::string::npos);
}

TEST_CASE("who refuses what it cannot filter by") {
    const auto service = dovewatch({}, {"who", "--service", "impa"});
    CHECK(service.status == 2);
    CHECK(service.err == "dovewatch: --service 'impa' is no service: write imap, pop3, lmtp, submission, "
                         "managesieve or lda (see dovewatch who --help)\n");
    const auto network = dovewatch({}, {"who", "--ip", "192.0.2.0/33"});
    CHECK(network.status == 2);
    CHECK_THAT(network.err, Catch::StartsWith("dovewatch: --ip '192.0.2.0/33' is no address or network"));
}

} // namespace
} // namespace dovewatch::test
