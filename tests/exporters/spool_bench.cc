// How long a session takes from the change to its file: spool_tests "[bench]".
#include "tests/exporters/spool_fixture.h"

#include <iostream>

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

constexpr std::int64_t users = 20'000;
constexpr std::int64_t batch = 1000;

void run(Spool& spool, const std::string& name, std::int64_t first_id) {
    using Clock = std::chrono::steady_clock;
    std::chrono::duration<double, std::micro> taking{0};
    std::chrono::duration<double, std::micro> pushing{0};
    for (std::int64_t done = 0; done < users; done += batch) {
        std::vector<Session> rows;
        for (std::int64_t i = done; i < done + batch; ++i) {
            rows.push_back(past(first_id + i, "user" + std::to_string(i) + "@example.org"));
        }
        const auto start = Clock::now();
        spool.take(rows);
        const auto taken = Clock::now();
        spool.push();
        taking += taken - start;
        pushing += Clock::now() - taken;
    }
    std::cout << name << ": take " << taking.count() / users << " us, push " << pushing.count() / users
              << " us a session\n";
}

} // namespace

TEST_CASE("Sessions of distinct users", "[.bench]") {
    flushes_to_disk = GENERATE(false, true);
    std::cout << (flushes_to_disk ? "Flushed to the disk:\n" : "Not flushed:\n");
    Spool spool;
    spool.state.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    run(spool, "users seen for the first time", 1);
    run(spool, "users with a file", users + 1);
    flushes_to_disk = false;
}
