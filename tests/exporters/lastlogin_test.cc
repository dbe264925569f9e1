#include "tests/exporters/fake_reader.h"

#include <cstdio>
#include <fstream>

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

TEST_CASE("lastlogin shows one service class") {
    CHECK(dovewatch(logins(), {"lastlogin", "--csv", "--class", "webmail"}).out ==
          "user,class,login,address,count\n"
          "sue,webmail,2026-11-21T21:00:00.000000Z,10.0.0.5,1\n");
    CHECK_THAT(dovewatch(logins(), {"lastlogin", "--class", "lmtp"}).out,
               Catch::StartsWith("user                      lmtp                        lmtp ip\nann "));
}

TEST_CASE("lastlogin shows who is inactive") {
    const UtcTime at = utc("2026-01-21T21:00:00");
    const Rows rows{.inactive = {{"sue", "webmail", at, Address::parse("10.0.0.5"), 1}}};
    CHECK(dovewatch(rows, {"lastlogin", "--inactive-for", "180d", "--utc"}).out ==
          "user                      last login                  class         ip\n"
          "sue                       2026-01-21 21:00:00 +00:00  webmail       10.0.0.5\n");
    CHECK(asked().inactive.before == utc("2026-05-25T21:02:34.5"));
    CHECK_FALSE(asked().inactive.user_glob);
    CHECK_FALSE(asked().inactive.service_class);
    CHECK(dovewatch(rows, {"lastlogin", "--inactive-for", "12h", "s*", "--class", "webmail", "--csv"}).out ==
          "user,class,login,address,count\nsue,webmail,2026-01-21T21:00:00.000000Z,10.0.0.5,1\n");
    CHECK(asked().inactive.before == utc("2026-11-21T09:02:34.5"));
    CHECK(asked().inactive.user_glob == "s*");
    CHECK(asked().inactive.service_class == "webmail");
    CHECK(dovewatch({}, {"lastlogin", "--inactive-for", "1w", "--json"}).out == "[]\n");
    CHECK(dovewatch({}, {"lastlogin", "--inactive-for", "1w"}).err ==
          "no user that ever logged in has been inactive for so long\n");
}

class UsersFile {
  public:
    explicit UsersFile(const std::string& text) { std::ofstream("lastlogin_test.users") << text; }
    UsersFile(const UsersFile&) = delete;
    UsersFile& operator=(const UsersFile&) = delete;
    ~UsersFile() { std::remove("lastlogin_test.users"); }
};

TEST_CASE("lastlogin shows who of a list never logged in, in its order") {
    const UsersFile file("# all accounts\r\nzoe\n  sue \n\nann\nkim#1\nzoe\nb\007b");
    const std::vector<std::string> never{"lastlogin", "--never", "--users", "lastlogin_test.users"};
    const auto with = [&](const std::vector<std::string>& more) {
        auto arguments = never;
        arguments.insert(arguments.end(), more.begin(), more.end());
        return dovewatch(logins(), arguments).out;
    };
    CHECK(with({}) == "user\nzoe\nann\nkim#1\nb\\x07b\n");
    CHECK(with({"--class", "lmtp", "--csv"}) == "user\nzoe\nsue\nkim#1\nb\007b\n");
    CHECK(with({"--class", "webmail", "--json"}) == "[\n{\"user\":\"zoe\"},\n{\"user\":\"ann\"},\n"
                                                    "{\"user\":\"kim#1\"},\n{\"user\":\"b\\u0007b\"}\n]\n");
}

TEST_CASE("lastlogin says when all of the list have logged in") {
    const UsersFile file("sue\n");
    const auto outcome = dovewatch(logins(), {"lastlogin", "--never", "--users", "lastlogin_test.users"});
    CHECK(outcome.out.empty());
    CHECK(outcome.err == "each of the users has logged in\n");
    CHECK(outcome.status == 0);
}

TEST_CASE("lastlogin refuses options that do not fit together") {
    const auto [arguments, message] = GENERATE(table<std::vector<std::string>, std::string>({
        {{"--never"}, "--never needs the accounts that there are: add --users FILE"},
        {{"--users", "/x"}, "--users is for --never alone"},
        {{"--never", "--users", "/x", "--inactive-for", "1d"},
         "--never and --inactive-for exclude each other"},
        {{"--never", "--users", "/x", "s*"}, "--never takes its users from --users alone"},
        {{"--never", "--users", "/nowhere"}, "--users /nowhere: cannot be read: No such file or directory"},
        {{"--never", "--users", "/"}, "--users /: cannot be read: Is a directory"},
        {{"--inactive-for", "2026-11-21"}, "--inactive-for '2026-11-21' is no duration: write 90s"},
        {{"--inactive-for", "180"}, "--inactive-for '180' is no duration: write 90s"},
    }));
    auto all = arguments;
    all.insert(all.begin(), "lastlogin");
    const auto outcome = dovewatch({}, all);
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, Catch::StartsWith("dovewatch: " + message));
}

} // namespace
} // namespace dovewatch::test
