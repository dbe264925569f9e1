#include "tests/exporters/fake_reader.h"

#include <catch2/catch.hpp>

namespace dovewatch::test {
namespace {

Session pop3(const char* user, const char* address, const char* login, std::int64_t deleted) {
    Session session = tom();
    session.user = user;
    session.address = Address::parse(address);
    session.login = utc(login);
    session.logout = session.login + std::chrono::seconds{5};
    session.numbers.deleted = deleted;
    return session;
}

Session webmail(const char* user, const char* login) {
    Session session = sue();
    session.user = user;
    session.service_class = "webmail";
    session.login = utc(login);
    return session;
}

Session without_numbers() {
    Session session = pop3("sue", "192.0.2.99", "2026-11-20T10:00:00", 0);
    session.numbers = {};
    return session;
}

LastLogin login(const char* user, const char* service_class, const char* at) {
    return {user, service_class, utc(at), Address::parse("198.51.100.1"), 1};
}

Rows rows() {
    return {.history = {pop3("sue", "192.0.2.1", "2026-11-21T20:00:00", 2),
                        pop3("sue", "192.0.2.2", "2026-11-21T19:00:00", 1), ann(),
                        pop3("sue", "192.0.2.1", "2026-11-21T18:00:00", 1),
                        pop3("tom", "192.0.2.5", "2026-11-21T17:00:00", 70),
                        pop3("pop3only", "192.0.2.6", "2026-11-21T16:00:00", 800),
                        pop3("keeper", "192.0.2.7", "2026-11-21T15:00:00", 0), without_numbers(),
                        webmail("tom", "2026-11-20T10:00:00")},
            .last_logins = {login("keeper", "imap", "2026-11-21T15:00:00"),
                            login("pop3only", "imap", "2026-01-01T00:00:00"),
                            login("pop3only", "pop3", "2026-11-21T15:00:00"),
                            login("sue", "imap", "2026-11-21T14:00:00"),
                            login("tom", "webmail", "2026-11-20T10:00:00")}};
}

TEST_CASE("pop3-deleters shows who deletes by POP3 and uses IMAP too, the most first") {
    const auto outcome = dovewatch(rows(), {"pop3-deleters", "--utc"});
    CHECK(outcome.out == "user                      deleted  sessions  last deletion               pop3 ips  "
                         "                   "
                         "    last imap                   imap ip\n"
                         "tom                            70         1  2026-11-21 17:00:05 +00:00  192.0.2.5 "
                         "                   "
                         "    2026-11-20 10:00:00 +00:00  198.51.100.1\n"
                         "sue                             4         3  2026-11-21 20:00:05 +00:00  192.0.2.1 "
                         "192.0.2.2          "
                         "    2026-11-21 14:00:00 +00:00  198.51.100.1\n");
    CHECK(outcome.err.empty());
    CHECK(outcome.status == 0);
    CHECK(asked().query.since == utc("2026-10-22T21:02:34.5"));
}

TEST_CASE("pop3-deleters gives programs all addresses") {
    CHECK_THAT(
        dovewatch(rows(), {"pop3-deleters", "--json"}).out,
        Catch::Contains(R"({"user":"sue","deleted":4,"sessions":3,)"
                        R"("last_deletion":"2026-11-21T20:00:05.000000Z",)"
                        R"("pop3_addresses":["192.0.2.1","192.0.2.2"],)"
                        R"("imap_login":"2026-11-21T14:00:00.000000Z","imap_address":"198.51.100.1"})"));
    CHECK_THAT(dovewatch(rows(), {"pop3-deleters", "--csv"}).out,
               Catch::Contains("\nsue,4,3,2026-11-21T20:00:05.000000Z,192.0.2.1 192.0.2.2,"));
}

TEST_CASE("pop3-deleters shows three addresses and how many more") {
    Rows many = rows();
    for (const char* address : {"192.0.2.11", "192.0.2.12", "2001:db8::13"}) {
        many.history.emplace_back(pop3("sue", address, "2026-11-19T18:00:00", 1));
    }
    CHECK_THAT(dovewatch(many, {"pop3-deleters"}).out,
               Catch::Contains("  192.0.2.1 192.0.2.2 192.0.2.11 +2  "));
}

TEST_CASE("pop3-deleters counts an IMAP session that goes on since before the time") {
    Rows online = rows();
    online.online = {webmail("pop3only", "2026-09-01T00:00:00")};
    CHECK_THAT(dovewatch(online, {"pop3-deleters", "--csv"}).out,
               Catch::Contains("\npop3only,800,1,2026-11-21T16:00:05.000000Z,192.0.2.6,2026-09-01T00:00:00"));
    CHECK(asked().filter.service == Service::imap);
}

TEST_CASE("pop3-deleters says when there are none, and takes a time") {
    const auto outcome = dovewatch({}, {"pop3-deleters", "--since", "2026-11-01T00:00Z"});
    CHECK(outcome.out.empty());
    CHECK(outcome.err == "no user's POP3 sessions deleted mail while they also used IMAP since then\n");
    CHECK(outcome.status == 0);
    CHECK(asked().query.since == utc("2026-11-01T00:00:00"));
    CHECK(dovewatch({}, {"pop3-deleters", "--json"}).out == "[]\n");
    CHECK(dovewatch({}, {"pop3-deleters", "--since", "noon"}).status == 2);
}

} // namespace
} // namespace dovewatch::test
