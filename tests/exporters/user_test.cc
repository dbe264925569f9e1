#include "tests/exporters/fake_reader.h"
#include "tests/temporary_folder.h"

#include <algorithm>
#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace dovewatch::test {
namespace {

Session deleting(Service service, const char* address, const char* login, std::int64_t deleted) {
    Session session = tom();
    session.user = "sue";
    session.service = service;
    session.service_class = to_string(service);
    session.address = Address::parse(address);
    session.login = utc(login);
    session.logout = session.login + std::chrono::seconds{5};
    session.reason = "Logged out";
    session.numbers = {0, 3, deleted, 7, 4711};
    return session;
}

Rows a_user() {
    Session online = sue();
    online.user = "sue";
    return {.online = {online},
            .history = {online, deleting(Service::pop3, "192.0.2.9", "2026-11-21T20:00:00", 2),
                        deleting(Service::imap, "192.0.2.8", "2026-11-21T19:00:00", 50),
                        deleting(Service::pop3, "192.0.2.10", "2026-11-21T18:00:00", 9),
                        deleting(Service::pop3, "192.0.2.9", "2026-11-21T17:00:00", 1),
                        deleting(Service::pop3, "192.0.2.9", "2026-08-01T17:00:00", 100)},
            .last_logins = {{"sue", "imap", utc("2026-11-21T21:00:00"), Address::parse("192.0.2.7"), 12},
                            {"sue", "lmtp", utc("2026-11-21T16:00:00"), {}, 3}}};
}

TEST_CASE("user shows a page") {
    const auto outcome = dovewatch(a_user(), {"user", "sue", "--utc"});
    CHECK(
        outcome.out ==
        "user          sue\n"
        "online        1 session\n"
        "mailbox       unknown: set mail-location\n"
        "deletes mail  in the last 90 days pop3 12 messages, imap 50, from 3 addresses\n"
        "\n"
        "online now      since                       ip               duration\n"
        "imap            2026-11-21 21:00:00 +00:00  192.0.2.7           2m34s\n"
        "\n"
        "last login      time                        ip                  count\n"
        "imap            2026-11-21 21:00:00 +00:00  192.0.2.7              12\n"
        "lmtp            2026-11-21 16:00:00 +00:00  -                       3\n"
        "\n"
        "recent session  time                        ip               duration    read  deleted    left      "
        "bytes  reason\n"
        "imap            2026-11-21 21:00:00 +00:00  192.0.2.7           2m34s       -        -       -      "
        "    -  still online\n"
        "pop3            2026-11-21 20:00:00 +00:00  192.0.2.9              5s       3        2       7      "
        " 4711  Logged out\n"
        "imap            2026-11-21 19:00:00 +00:00  192.0.2.8              5s       3       50       7      "
        " 4711  Logged out\n"
        "pop3            2026-11-21 18:00:00 +00:00  192.0.2.10             5s       3        9       7      "
        " 4711  Logged out\n"
        "pop3            2026-11-21 17:00:00 +00:00  192.0.2.9              5s       3        1       7      "
        " 4711  Logged out\n"
        "pop3            2026-08-01 17:00:00 +00:00  192.0.2.9              5s       3      100       7      "
        " 4711  Logged out\n"
        "\n"
        "deletes mail    newest                      ip               messages  sessions\n"
        "pop3            2026-11-21 18:00:05 +00:00  192.0.2.10              9         1\n"
        "pop3            2026-11-21 20:00:05 +00:00  192.0.2.9               3         2\n"
        "imap            2026-11-21 19:00:05 +00:00  192.0.2.8              50         1\n");
    CHECK(outcome.err.empty());
    CHECK(outcome.status == 0);
}

TEST_CASE("user asks for the user alone") {
    dovewatch(a_user(), {"user", "s*e"});
    CHECK(asked().filter.user_glob == "s\\*e");
    CHECK(asked().glob == "s\\*e");
    CHECK(asked().query.user == "s*e");
}

TEST_CASE("user gives programs one object") {
    const auto json = nlohmann::json::parse(dovewatch(a_user(), {"user", "sue", "--json"}).out);
    REQUIRE(json.is_object());
    CHECK(json["user"] == "sue");
    CHECK(json["seen"] == true);
    CHECK(json["online"].size() == 1);
    CHECK(json["online"][0]["address"] == "192.0.2.7");
    CHECK(json["last_logins"][1]["class"] == "lmtp");
    CHECK(json["recent"].size() == 6);
    CHECK(json["recent"][1]["reason"] == "Logged out");
    CHECK(json["recent"][1]["deleted"] == 2);
    CHECK(json["mailbox_messages"].is_null());
    CHECK(json["mailbox_unknown"] == "set mail-location");
    CHECK(json["deletions"].size() == 3);
    CHECK(json["deletions"][0] ==
          nlohmann::json::parse(R"({"service":"pop3","address":"192.0.2.10","deleted":9,"sessions":1,)"
                                R"("last":"2026-11-21T18:00:05.000000Z"})"));
}

TEST_CASE("user shows the ten newest sessions, in CSV these alone") {
    Rows rows = a_user();
    rows.history.insert(rows.history.end(), 20, tom());
    const std::string csv = dovewatch(rows, {"user", "sue", "--csv"}).out;
    CHECK_THAT(csv, Catch::StartsWith("kind,user,service,class,") &&
                        Catch::Contains(",Logged out,,0,3,2,7,4711\n"));
    CHECK(std::count(csv.begin(), csv.end(), '\n') == 11);
}

TEST_CASE("user says when the user was never seen") {
    const auto outcome = dovewatch({}, {"user", "t\x07m"});
    CHECK(outcome.out.empty());
    CHECK(outcome.err == "t\\x07m was never seen\n");
    CHECK(outcome.status == 1);
    const auto json = dovewatch({}, {"user", "tom", "--json"});
    CHECK(nlohmann::json::parse(json.out)["seen"] == false);
    CHECK(json.status == 1);
    CHECK(dovewatch({}, {"user"}).status == 2);
    CHECK(dovewatch({.last_logins = {{"ann", "lmtp", utc("2026-11-21T16:00:00"), {}, 3}}}, {"user", "ann"})
              .status == 0);
}

TEST_CASE("user counts the mailbox where the configuration says it lies") {
    const TemporaryFolder folder;
    for (const char* part : {"sue/cur", "sue/new", "sue/.Sent/cur", "sue/.Sent/new"}) {
        std::filesystem::create_directories(folder / part);
    }
    std::ofstream(folder / "sue/cur/1.host,S=5:2,S") << "12345";
    std::ofstream(folder / "sue/.Sent/cur/2.host,S=7:2,S") << "1234567";
    const std::string root = (folder / "").string();
    const auto mailbox = [&](const std::string& settings) {
        const std::string file = folder / "dovewatch.conf";
        std::ofstream(file) << settings;
        const auto outcome = dovewatch(a_user(), {"user", "sue", "--config", file});
        return outcome.out.substr(outcome.out.find("mailbox"));
    };
    CHECK_THAT(mailbox("mail-location = maildir:" + root + "%u\n"),
               Catch::StartsWith("mailbox       1 messages, 5 bytes\n"));
    CHECK_THAT(mailbox("mail-location = maildir:~/\nmail-home = " + root + "%n\nmail-subfolders = yes\n"),
               Catch::StartsWith("mailbox       2 messages, 12 bytes\n"));
    CHECK_THAT(mailbox("mail-location = maildir:" + root + "none/%u\n"),
               Catch::StartsWith("mailbox       unknown: "));
    CHECK_THAT(mailbox("mail-location = nonsense\n"), Catch::StartsWith("mailbox       unknown: nonsense: "));
}

TEST_CASE("user lets no control character through to a terminal") {
    Rows rows = a_user();
    std::get<Session>(rows.history[1]).reason = "bye\x1b[2J";
    std::get<Session>(rows.history[1]).statistics = "\x1b[2J";
    rows.last_logins[0].service_class = "im\x1b[2Jap";
    for (const auto& arguments : {std::vector<std::string>{"user", "su\x1b[2Je"},
                                  {"user", "su\x1b[2Je", "--json"},
                                  {"user", "su\x1b[2Je", "--csv"},
                                  {"last", "--csv"},
                                  {"last"}}) {
        const std::string out = dovewatch(rows, arguments, true).out;
        CHECK(out.find("\x1b[2J") == std::string::npos);
        CHECK(out.find("2J") != std::string::npos);
    }
}

} // namespace
} // namespace dovewatch::test
