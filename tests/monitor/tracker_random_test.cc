// Forged, missing, repeated and disordered events: the tracker keeps its promises whatever comes.
#include "monitor/tracker.h"
#include "tests/monitor/applied_changes.h"

#include <random>
#include <set>

#include <catch2/catch.hpp>

namespace dovewatch {
namespace {

class RandomEvents {
  public:
    explicit RandomEvents(unsigned seed) : random_(seed) {}

    ProcessEvent next() {
        now_ += BootTime(below(2'000'000'000));
        ProcessEvent event;
        const auto pid = static_cast<std::int32_t>(below(12));
        event.process = {pid, below(2)}; // pids are used again
        event.parent_pid = 100 + pid % 2;
        event.role = static_cast<ProcessRole>(pid % 4 == 0 ? below(7) : pid % 3 == 0 ? 6 : 0);
        event.at = now_ - BootTime(below(10) == 0 ? below(5'000'000'000) : 0);
        event.what = what();
        return event;
    }

    std::vector<ProcessKey> some_processes() {
        std::vector<ProcessKey> keys;
        for (std::int32_t pid = 0; pid < 12; ++pid) {
            if (below(2) == 0) {
                keys.push_back({pid, below(2)});
            }
        }
        return keys;
    }

    bool one_in(int many) { return below(many) == 0; }
    BootTime now() const { return now_; }

  private:
    std::int64_t below(std::int64_t limit) {
        return std::uniform_int_distribution<std::int64_t>(0, limit - 1)(random_);
    }

    decltype(ProcessEvent::what) what() {
        switch (below(12)) {
        case 0:
            return ExecEvent{below(3) == 0, std::string("lda\0-d\0u\0", 9)};
        case 1:
            return ExitEvent{below(2) == 0 ? 0 : 9};
        case 2:
            return LogoutEvent{};
        default:
            return TitleEvent{title()};
        }
    }

    std::string title() {
        const std::string user =
            std::string(1, static_cast<char>('a' + below(3))) + " 1.2.3." + std::to_string(below(2));
        switch (below(10)) {
        case 0:
            return "[idling]";
        case 1:
            return "[" + std::to_string(below(4)) + " connections]";
        case 2:
            return below(2) == 0 ? "[waiting on client]" : "[waiting on unhibernate client]";
        case 3:
        case 4:
            return "[" + user + " (deinit)]";
        case 5:
            return "[" + user + " NOOP]";
        case 6:
            return below(2) == 0 ? "" : "[1.2.3.4 DATA " + user + "]";
        default:
            return "[" + user + "]";
        }
    }

    std::mt19937 random_;
    BootTime now_{std::chrono::hours(1)};
};

void check_all_have_a_process(const AppliedChanges& applied, const std::vector<ProcessKey>& running) {
    const std::set<ProcessKey> alive(running.begin(), running.end());
    for (const Session& session : applied.online()) {
        CHECK((session.hibernated || alive.contains(session.process)));
    }
}

// AppliedChanges checks each change.
void run(unsigned seed) {
    INFO("seed " << seed);
    RandomEvents events(seed);
    Tracker tracker;
    AppliedChanges applied;
    for (int round = 0; round < 1500; ++round) {
        std::vector<SessionChange> changes;
        if (events.one_in(100)) {
            const auto running = events.some_processes();
            tracker.retain(running, events.now(), changes);
            applied.apply(changes);
            check_all_have_a_process(applied, running);
        } else if (events.one_in(20)) {
            tracker.advance(events.now(), changes);
            applied.apply(changes);
        } else {
            tracker.handle(events.next(), changes);
            applied.apply(changes);
        }
        REQUIRE(tracker.sessions_online() == applied.online().size());
    }
    std::vector<SessionChange> changes;
    tracker.retain({}, events.now(), changes);
    applied.apply(changes);
    CHECK(applied.online().empty());
}

TEST_CASE("random events break no promise") {
    for (unsigned seed = 1; seed <= 60; ++seed) {
        run(seed);
    }
}

} // namespace
} // namespace dovewatch
