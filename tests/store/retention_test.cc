#include "store/retention.h"
#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <random>

#include <catch2/catch.hpp>

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

constexpr std::int64_t day = 86'400'000'000; // microseconds

RetentionPolicy keep(int days) {
    return {std::chrono::days(days), std::nullopt, 0, 0};
}

void run_round(Writer& writer, const RetentionPolicy& policy, UtcTime now) {
    while (value_of(writer.retain(policy, now))) {
    }
}

std::vector<std::int64_t> ids(const std::vector<Activity>& rows) {
    std::vector<std::int64_t> found;
    for (const Activity& row : rows) {
        if (const auto* one = std::get_if<Session>(&row)) {
            found.push_back(one->id);
        }
    }
    return found;
}

ActivityQuery of(const std::string& user) {
    return {user, std::nullopt, std::nullopt};
}

} // namespace

TEST_CASE("Old sessions and deliveries go; last logins, day summaries and open sessions stay") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    commit(*writer, {SessionBegan{session(1, "open", 10)}, SessionBegan{session(2, "sue", 20)},
                     SessionEnded{ended(session(2, "sue", 20), 30)}, Delivered{delivery("ann", 40)},
                     SessionBegan{session(3, "sue", 5 * day)},
                     SessionEnded{ended(session(3, "sue", 5 * day), 5 * day + 1)},
                     Delivered{delivery("ann", 5 * day)}});
    run_round(*writer, keep(3), at(7 * day));
    CHECK(ids(activity(file)) == std::vector<std::int64_t>{3, 1});
    CHECK(activity(file).size() == 3);
    CHECK(last_logins(file).size() == 3);
    run_round(*writer, keep(3), at(20 * day));
    CHECK(ids(activity(file)) == std::vector<std::int64_t>{1});
    CHECK(last_logins(file).size() == 3);
}

TEST_CASE("A row from the future, of a clock that was wrong, does not keep what is behind it") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    commit(*writer,
           {SessionBegan{session(1, "sue", 3000 * day)},
            SessionEnded{ended(session(1, "sue", 3000 * day), 3000 * day + 1)},
            SessionBegan{session(2, "tom", day)}, SessionEnded{ended(session(2, "tom", day), 2 * day)}});
    run_round(*writer, keep(3), at(7 * day));
    CHECK(ids(activity(file)) == std::vector<std::int64_t>{1});
}

TEST_CASE("A long session is old when its end is") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    const Session sue = session(1, "sue", 10);
    commit(*writer, {SessionBegan{sue}, SessionEnded{ended(sue, 6 * day)}});
    run_round(*writer, keep(3), at(7 * day));
    CHECK(activity(file).size() == 1);
}

TEST_CASE("An id is never given again, though all sessions are gone") {
    const TemporaryFolder folder;
    const auto writer = open_writer(folder / "test.db");
    commit(*writer, {SessionBegan{session(7, "sue", 10)}, SessionEnded{ended(session(7, "sue", 10), 20)}});
    run_round(*writer, keep(1), at(9 * day));
    CHECK(activity(folder / "test.db").empty());
    CHECK(value_of(writer->next_session_id()) == 8);
}

TEST_CASE("What is left of a user's history is found, whatever went from its midst") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    std::mt19937 random(11); // NOLINT(cert-msc51-cpp): the same each time
    std::vector<SessionChange> changes;
    for (std::int64_t id = 1; id <= 600; ++id) {
        const Session made = session(id, "user" + std::to_string(random() % 3), id * day / 10);
        changes.emplace_back(SessionBegan{made});
        const auto fate = random() % 10;
        if (fate > 0) { // some stay open, some are long
            const auto length = fate == 1 ? 30 * day : 1000;
            changes.emplace_back(SessionEnded{ended(made, made.login.time_since_epoch().count() + length)});
        }
    }
    commit(*writer, changes);
    for (const int now : {20, 40, 50}) {
        run_round(*writer, keep(5), at(now * day));
        const auto left = activity(file);
        std::size_t found = 0;
        for (const std::string user : {"user0", "user1", "user2"}) {
            found += activity(file, of(user)).size();
        }
        CHECK(found == left.size());
        CHECK(left.size() < 600);
    }
}

TEST_CASE("Old addresses lose all but their network, everywhere") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    commit(*writer, {SessionBegan{session(1, "sue", 10)}, SessionEnded{ended(session(1, "sue", 10), 20)},
                     Delivered{delivery("ann", 30)}, SessionBegan{session(2, "tom", 9 * day)},
                     SessionEnded{ended(session(2, "tom", 9 * day), 9 * day + 1)}});
    const auto address_of = [&](std::size_t i) {
        return std::visit([](const auto& row) { return row.address; }, activity(file).at(i));
    };
    SECTION("a prefix") {
        run_round(*writer, {std::nullopt, std::chrono::days(3), 24, 32}, at(10 * day));
        CHECK(address_of(2) == Address::parse("192.0.2.0"));
        CHECK(address_of(1) == Address::parse("2001:db8::"));
        CHECK(last_logins(file)[1].address == Address::parse("192.0.2.0"));
    }
    SECTION("nothing") {
        run_round(*writer, {std::nullopt, std::chrono::days(3), 0, 0}, at(10 * day));
        CHECK_FALSE(address_of(2));
        CHECK_FALSE(address_of(1));
        CHECK_FALSE(last_logins(file)[1].address);
    }
    CHECK(address_of(0) == Address::parse("192.0.2.7"));
    CHECK(last_logins(file)[2].address == Address::parse("192.0.2.7"));
}
