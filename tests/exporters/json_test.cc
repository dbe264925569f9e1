#include "tests/exporters/fake_reader.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace dovewatch::test {
namespace {

TEST_CASE("JSON holds every field of a session and a delivery") {
    Session estimated = sue();
    estimated.login_estimated = estimated.hibernated = true;
    estimated.service_class = "webmail";
    const auto outcome = dovewatch({.history = {estimated, tom(), ann()}}, {"last", "--json"});
    CHECK(
        outcome.out ==
        "[\n"
        R"({"kind":"session","user":"sue@example.org","service":"imap","class":"webmail","address":"192.0.2.7",)"
        R"("pid":4233,"login":"2026-11-21T21:00:00.000000Z","logout":null,"duration":null,"end":null,)"
        R"("estimated":true,"login_estimated":true,"logout_estimated":false,"hibernated":true,)"
        R"("reason":null,"statistics":null,"top":null,"retrieved":null,"deleted":null,"left":null,"bytes":null},)"
        "\n"
        R"({"kind":"session","user":"tom","service":"pop3","class":"pop3","address":"2001:db8::1",)"
        R"("pid":99,"login":"2026-11-21T20:00:00.250000Z","logout":"2026-11-21T20:00:00.254321Z",)"
        R"("duration":0.004321,"end":"logout",)"
        R"("estimated":false,"login_estimated":false,"logout_estimated":false,"hibernated":false,)"
        R"("reason":null,"statistics":null,"top":null,"retrieved":null,"deleted":null,"left":null,"bytes":null},)"
        "\n"
        R"({"kind":"delivery","user":"ann","service":"lmtp","class":"lmtp","address":null,)"
        R"("pid":7,"login":"2026-11-21T19:00:00.000000Z","logout":"2026-11-21T19:00:00.000000Z",)"
        R"("duration":0.000000,"end":null,)"
        R"("estimated":false,"login_estimated":false,"logout_estimated":false,"hibernated":false,)"
        R"("reason":null,"statistics":null,"top":null,"retrieved":null,"deleted":null,"left":null,"bytes":null})"
        "\n]\n");
    CHECK(nlohmann::json::parse(outcome.out).size() == 3);
}

TEST_CASE("who gives programs a row per session") {
    const auto array = nlohmann::json::parse(dovewatch({.online = {sue(), sue()}}, {"who", "--json"}).out);
    REQUIRE(array.size() == 2);
    CHECK(array[0]["kind"] == "session");
    CHECK(array[1]["login"] == "2026-11-21T21:00:00.000000Z");
}

TEST_CASE("JSON calls a session estimated when either of its times is") {
    Session login = tom();
    login.login_estimated = true;
    Session logout = tom();
    logout.logout_estimated = true;
    const auto array =
        nlohmann::json::parse(dovewatch({.history = {login, logout, tom()}}, {"last", "--json"}).out);
    CHECK(array[0]["estimated"] == true);
    CHECK(array[1]["estimated"] == true);
    CHECK(array[2]["estimated"] == false);
}

TEST_CASE("JSON without rows is an empty array") {
    for (const char* command : {"who", "last", "lastlogin"}) {
        CHECK(nlohmann::json::parse(dovewatch({}, {command, "--json"}).out) == nlohmann::json::array());
    }
}

TEST_CASE("JSON takes any name") {
    const auto [name, read] = GENERATE(table<std::string, std::string>({
        {"\"\\/\b\n\x1b\x7f", "\"\\/\b\n\x1b\x7f"},
        {"müller\u202e😀", "müller\u202e😀"},
        {"\xff"
         "a",
         "\ufffd"
         "a"},
        {"", ""},
        {"a\"b", "a\"b"},
        {"a\\b", "a\\b"},
        {"=1+1", "=1+1"},
    }));
    Session session = sue();
    session.user = name;
    const auto out = dovewatch({.online = {session}}, {"who", "--json"}).out;
    CHECK(nlohmann::json::parse(out)[0]["user"] == read);
    CHECK(std::all_of(out.begin(), out.end(), [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
}

TEST_CASE("JSON ends without its bracket when the store fails half-way") {
    Rows rows{.online = {sue()}};
    rows.error = Error{Error::Kind::failed, "the database is damaged"};
    const auto outcome = dovewatch(rows, {"who", "--json"});
    CHECK(outcome.status == 1);
    CHECK(outcome.err == "dovewatch: the database is damaged\n");
    CHECK_FALSE(nlohmann::json::accept(outcome.out));
}

} // namespace
} // namespace dovewatch::test
