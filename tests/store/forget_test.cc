#include "store/forget.h"
#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

std::vector<SessionChange> some_of(const std::string& user, std::int64_t first_id, int count) {
    std::vector<SessionChange> changes;
    for (int i = 0; i < count; ++i) {
        const Session made = session(first_id + i, user, first_id + i);
        changes.emplace_back(SessionBegan{made});
        changes.emplace_back(SessionEnded{ended(made, first_id + i + 1)});
        changes.emplace_back(Delivered{delivery(user, first_id + i)});
    }
    return changes;
}

} // namespace

TEST_CASE("A person is removed everywhere, beside the writer, and nobody else") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    commit(*writer, some_of("sue.secret", 1, 450));
    commit(*writer, some_of("tom", 1001, 5));
    const auto forgotten = value_of(forget_user(file, "sue.secret"));
    CHECK(forgotten.sessions == 450);
    CHECK(forgotten.deliveries == 450);
    CHECK(forgotten.last_logins == 2);
    CHECK(forgotten.still_online == 0);
    CHECK(activity(file, {"sue.secret", std::nullopt, std::nullopt}).empty());
    CHECK(activity(file).size() == 10);
    CHECK(last_logins(file).size() == 2);
    commit(*writer, some_of("ann", 2001, 1));
    CHECK(value_of(forget_user(file, "nobody")).sessions == 0);
}

TEST_CASE("What the person's rows said is not left in the file") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    commit(*writer, some_of("sue.secret", 1, 50));
    static_cast<void>(value_of(forget_user(file, "sue.secret")));
    CHECK(bytes_of(file).find("sue.secret") == std::string::npos);
    CHECK(bytes_of(file.string() + "-wal").find("sue.secret") == std::string::npos);
}

TEST_CASE("No row of a person who logs in meanwhile is left where the person's history does not lead") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    commit(*writer, some_of("sue", 1, 2000));
    std::atomic<bool> forgotten = false;
    std::thread logins([&] {
        for (std::int64_t id = 3000; !forgotten; id += 10) {
            commit(*writer, some_of("sue", id, 1));
        }
    });
    CHECK(value_of(forget_user(file, "sue")).still_online == 0);
    forgotten = true;
    logins.join();
    CHECK(activity(file, {"sue", std::nullopt, std::nullopt}).size() == activity(file).size());
}

TEST_CASE("The newest session's id is not given again") {
    const TemporaryFolder folder;
    const auto writer = open_writer(folder / "test.db");
    commit(*writer, some_of("sue", 1, 3));
    static_cast<void>(value_of(forget_user(folder / "test.db", "sue")));
    CHECK(value_of(writer->next_session_id()) == 4);
}

TEST_CASE("A logout line that comes late does not bring a forgotten session back") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    const Session sue = session(1, "sue", 10);
    commit(*writer, {SessionBegan{sue}, SessionEnded{ended(sue, 20)}});
    static_cast<void>(value_of(forget_user(file, "sue")));
    Session amended = ended(sue, 20);
    amended.reason = "Logged out";
    commit(*writer, {SessionUpdated{amended}});
    CHECK(activity(file).empty());
    CHECK(last_logins(file).empty());
}

TEST_CASE("A session that is online stays, with the last logins, and is told of") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    commit(*writer, some_of("sue", 1, 3));
    commit(*writer, {SessionBegan{session(9, "sue", 9)}});
    const auto forgotten = value_of(forget_user(file, "sue"));
    CHECK(forgotten.sessions == 3);
    CHECK(forgotten.still_online == 1);
    CHECK(activity(file).size() == 1);
    CHECK(last_logins(file).size() == 2);
}
