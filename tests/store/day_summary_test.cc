#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <catch2/catch.hpp>

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

constexpr std::int64_t day = 86'400'000'000; // microseconds

std::vector<DaySummary> summaries(const std::filesystem::path& file) {
    std::vector<DaySummary> rows;
    must(value_of(Reader::open(file))->summaries([&](const DaySummary& row) {
        rows.push_back(row);
        return true;
    }));
    return rows;
}

Session with_bytes(Session made, std::int64_t bytes) {
    made.numbers.bytes = bytes;
    return made;
}

} // namespace

TEST_CASE("A day's logins, users, peak and bytes are summed up, in one commit or in several") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    const Session sue = session(1, "sue", 10);
    const Session sue_again = session(2, "sue", 20);
    const Session tom = session(3, "tom", 30);
    const std::vector<SessionChange> changes{
        SessionBegan{sue}, SessionBegan{sue_again},        SessionEnded{with_bytes(ended(sue, 25), 100)},
        SessionBegan{tom}, Delivered{delivery("ann", 40)}, SessionEnded{ended(tom, 50)}};
    SECTION("one commit") {
        commit(*writer, changes);
    }
    SECTION("one commit each") {
        for (const SessionChange& change : changes) {
            commit(*writer, {change});
        }
    }
    const auto rows = summaries(file);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].service_class == "lmtp");
    CHECK(rows[0].logins == 1);
    CHECK(rows[1].service_class == "pop3");
    CHECK(rows[1].day == std::chrono::sys_days{});
    CHECK(rows[1].logins == 3);
    CHECK(rows[1].users == 2);
    CHECK(rows[1].peak_online == 2);
    CHECK(rows[1].bytes == 100);
}

TEST_CASE("Each day counts its own, and those who stay online from the day before are in its peak") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    commit(*open_writer(file), {SessionBegan{session(1, "sue", 10)}, SessionBegan{session(2, "tom", 20)}});
    const auto writer = open_writer(file); // which learns from the database who is online
    commit(*writer, {SessionBegan{session(3, "sue", day + 10)}, SessionBegan{session(4, "sue", day + 20)}});
    const auto rows = summaries(file);
    REQUIRE(rows.size() == 2);
    CHECK(rows[1].day == std::chrono::sys_days{std::chrono::days{1}});
    CHECK(rows[1].logins == 2);
    CHECK(rows[1].users == 1);
    CHECK(rows[1].peak_online == 4);
}

TEST_CASE("Statistics that come after the end count for its day, a session that goes on is online again") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    const Session sue = session(1, "sue", 10);
    commit(*writer, {SessionBegan{sue}, SessionEnded{ended(sue, 20)}});
    commit(*writer, {SessionUpdated{with_bytes(ended(sue, 20), 7)}});
    CHECK(summaries(file)[0].bytes == 7);
    commit(*writer, {SessionReopened{sue}, SessionBegan{session(2, "tom", 30)}});
    CHECK(summaries(file)[0].peak_online == 2);
}
