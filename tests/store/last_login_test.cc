#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <catch2/catch.hpp>

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

LastLogin only_one(const std::filesystem::path& file) {
    const auto rows = last_logins(file);
    REQUIRE(rows.size() == 1);
    return rows[0];
}

Session from(Session made, const char* address) {
    made.address = Address::parse(address);
    return made;
}

} // namespace

TEST_CASE("The newest login wins, and each login counts, in one commit or in several") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    const std::vector<SessionChange> changes{SessionBegan{from(session(1, "sue", 10), "192.0.2.1")},
                                             SessionBegan{from(session(2, "sue", 30), "192.0.2.3")},
                                             SessionBegan{from(session(3, "sue", 20), "192.0.2.2")}};
    SECTION("one commit") {
        commit(*writer, changes);
    }
    SECTION("one commit each") {
        for (const SessionChange& change : changes) {
            commit(*writer, {change});
        }
    }
    const LastLogin last = only_one(file);
    CHECK(last.user == "sue");
    CHECK(last.service_class == "pop3");
    CHECK(last.at == at(30));
    CHECK(last.address == Address::parse("192.0.2.3"));
    CHECK(last.count == 3);
}

TEST_CASE("Updates and ends do not count") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    const Session sue = session(1, "sue", 10);
    commit(*writer, {SessionBegan{sue}, SessionUpdated{sue}, SessionEnded{ended(sue, 15)}});
    commit(*writer, {SessionUpdated{sue}});
    commit(*writer, {SessionEnded{ended(sue, 16)}});
    CHECK(only_one(file).count == 1);
}

TEST_CASE("An adopted session with an older login counts and moves nothing back") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    commit(*writer, {SessionBegan{from(session(1, "sue", 100), "192.0.2.1")}});
    Session adopted = from(session(2, "sue", 50), "192.0.2.2");
    adopted.login_estimated = true;
    commit(*writer, {SessionBegan{adopted}});
    CHECK(only_one(file).at == at(100));
    CHECK(only_one(file).address == Address::parse("192.0.2.1"));
    CHECK(only_one(file).count == 2);
}

TEST_CASE("A newer login without an address clears the older one's") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    commit(*writer, {SessionBegan{session(1, "sue", 10)}});
    Session local = session(2, "sue", 20);
    local.address = std::nullopt;
    commit(*writer, {SessionBegan{local}});
    CHECK_FALSE(only_one(file).address);
}

TEST_CASE("Each service class has its own row, deliveries too, by user, then class") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    Session webmail = session(1, "tom", 10);
    webmail.service_class = "webmail";
    commit(*writer,
           {SessionBegan{session(2, "tom", 20)}, SessionBegan{webmail}, Delivered{delivery("sue", 30)},
            Delivered{delivery("sue", 25)}, SessionBegan{session(3, "sue", 5)}});
    const auto rows = last_logins(file);
    REQUIRE(rows.size() == 4);
    CHECK(rows[0].user + rows[0].service_class == "suelmtp");
    CHECK(rows[0].at == at(30));
    CHECK(rows[0].count == 2);
    CHECK(rows[0].address == Address::parse("2001:db8::25"));
    CHECK(rows[1].user + rows[1].service_class == "suepop3");
    CHECK(rows[2].user + rows[2].service_class == "tompop3");
    CHECK(rows[3].user + rows[3].service_class == "tomwebmail");
    CHECK(last_logins(file, "t*").size() == 2);
    CHECK(last_logins(file, "x*").empty());
}
