// Recorded traces through the tracker, compared with what the clients did.
#include "monitor/tracker.h"
#include "tests/monitor/applied_changes.h"
#include "tests/monitor/trace.h"

#include <algorithm>
#include <map>
#include <string_view>

#include <catch2/catch.hpp>

namespace dovewatch {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::microseconds utc_offset = std::chrono::hours(24 * 365 * 50);

// The client reads its OK after the title is set, and sends its LOGOUT before: both a few scheduling delays
// away. The recordings came from two cores; in `concurrent` eight clients and their processes share them.
milliseconds tolerance(std::string_view scenario) {
    return scenario.ends_with("concurrent") ? milliseconds(12) : milliseconds(4);
}

// What the titles cannot tell, and what the tracker makes of it.
struct Exception {
    std::string_view scenario;
    std::string_view user;
    enum class What {
        never_named,     // counted as unattributed
        named_late,      // the login is estimated
        missed_leaving,  // lost: the end is estimated, and this much late
        hibernated_drop, // the same: imap-hibernate only counts
    } what;
    milliseconds late{};
};
const std::vector<Exception> exceptions = {
    // One process for all, [N connections] while there are several: mu0 is known from before, mu3 is the last
    // one
    // left; which of them left at which fall of the count is in no title, so mu0 is online until mu3 is
    // named.
    {"multi", "mu0@example.org", Exception::What::missed_leaving, milliseconds(605)},
    {"multi", "mu1@example.org", Exception::What::never_named},
    {"multi", "mu2@example.org", Exception::What::never_named},
    {"multi", "mu3@example.org", Exception::What::named_late},
    // Dropped while hibernated. imap-hibernate's count falls up to 5 ms later.
    {"hibernate", "hib1@example.org", Exception::What::hibernated_drop, milliseconds(6)},
};

const Exception* exception_for(const Trace& trace, const TrueSession& session) {
    const auto found = std::find_if(exceptions.begin(), exceptions.end(), [&](const Exception& one) {
        return trace.name.ends_with(one.scenario) && session.user == one.user;
    });
    return found == exceptions.end() ? nullptr : &*found;
}

bool is(const Exception* exception, Exception::What what) {
    return exception != nullptr && exception->what == what;
}

BootTime boot_time(UtcTime time) {
    return time.time_since_epoch() - utc_offset;
}

void check_login(const Trace& trace, const TrueSession& truth, const Session& session) {
    const auto apart = std::chrono::abs(boot_time(session.login) - truth.login);
    CHECK(apart <= tolerance(trace.name));
    CHECK(session.login_estimated == is(exception_for(trace, truth), Exception::What::named_late));
}

void check_logout(const Trace& trace, const TrueSession& truth, const Session& session) {
    const Exception* exception = exception_for(trace, truth);
    const bool lost =
        is(exception, Exception::What::missed_leaving) || is(exception, Exception::What::hibernated_drop);
    REQUIRE(session.logout);
    const BootTime late = boot_time(*session.logout) - truth.logout;
    CHECK(late <= (lost ? exception->late : tolerance(trace.name)));
    // These clients looked at their connection only every few seconds.
    if (truth.end.find("seen after stop") == std::string::npos) {
        CHECK(late >= -tolerance(trace.name));
    }
    CHECK(session.logout_estimated == lost);
    const bool killed = truth.end == "server SIGKILL";
    CHECK(to_string(session.end) == to_string(lost ? End::lost : killed ? End::signal : End::logout));
}

// Of a process with several clients, only what is certain.
void check_logout_line(const Trace& trace, const TrueSession& truth, const Session& session) {
    if (trace.name.ends_with("multi") && session.reason.empty()) {
        return;
    }
    CHECK(session.reason == truth.reason);
    CHECK(session.statistics == truth.statistics);
}

bool is_same(const TrueSession& truth, const AppliedChanges::Row& row) {
    return row.session.user == truth.user && row.session.service == truth.service &&
           row.session.address == truth.address && row.first_process.pid == truth.pid;
}

enum class Lines { seen, unseen };

void check_session(const Trace& trace, const TrueSession& truth, const AppliedChanges& applied,
                   Lines lines = Lines::seen) {
    INFO("user " << truth.user << ", pid " << truth.pid);
    std::vector<Session> found;
    for (const auto& [id, row] : applied.rows()) {
        if (is_same(truth, row)) {
            found.push_back(row.session);
        }
    }
    if (is(exception_for(trace, truth), Exception::What::never_named)) {
        CHECK(found.empty());
        return;
    }
    REQUIRE(found.size() == 1);
    check_login(trace, truth, found.front());
    check_logout(trace, truth, found.front());
    if (lines == Lines::seen) {
        check_logout_line(trace, truth, found.front());
    } else {
        CHECK(found.front().reason.empty());
        CHECK(found.front().statistics.empty());
    }
}

std::size_t never_named(const Trace& trace) {
    return static_cast<std::size_t>(
        std::count_if(trace.sessions.begin(), trace.sessions.end(), [&](const TrueSession& session) {
            return is(exception_for(trace, session), Exception::What::never_named);
        }));
}

void check_deliveries(const Trace& trace, const AppliedChanges& applied) {
    const auto& truth = trace.deliveries;
    std::vector<TrueDelivery> seen;
    for (const Delivery& delivery : applied.deliveries()) {
        seen.push_back({delivery.service, delivery.user, delivery.pid});
        // The clients of lda did not note its pid.
        if (delivery.service == Service::lda) {
            seen.back().pid.reset();
        }
    }
    CHECK(seen.size() == truth.size());
    CHECK(std::is_permutation(seen.begin(), seen.end(), truth.begin(), truth.end()));
}

std::vector<SessionChange> replay(Tracker& tracker, const std::vector<ProcessEvent>& events) {
    tracker.set_utc_offset(utc_offset);
    std::vector<SessionChange> changes;
    for (const ProcessEvent& event : events) {
        tracker.handle(event, changes);
    }
    return changes;
}

void check_replay(const Trace& trace, const std::vector<ProcessEvent>& events, Lines lines) {
    Tracker tracker;
    AppliedChanges applied;
    applied.apply(replay(tracker, events));
    for (const TrueSession& truth : trace.sessions) {
        check_session(trace, truth, applied, lines);
    }
    CHECK(applied.rows().size() == trace.sessions.size() - never_named(trace));
    check_deliveries(trace, applied);
    CHECK(tracker.sessions_online() == 0);
    CHECK(tracker.counters().unattributed_sessions == never_named(trace));
    CHECK(tracker.counters().unknown_titles == 0);
    CHECK(tracker.counters().starts_missed == 0);
}

TEST_CASE("a replayed trace shows what the clients did") {
    const auto name = GENERATE(from_range(trace_names()));
    INFO(name);
    const Trace trace = load_trace(name);
    REQUIRE(trace.sessions.size() + trace.deliveries.size() > 0);
    SECTION("all events") {
        check_replay(trace, trace.events, Lines::seen);
    }
    SECTION("without the logout lines") {
        check_replay(trace, without_logout_lines(trace.events), Lines::unseen);
    }
}

TEST_CASE("the titles that the kernel's filter drops change nothing") {
    const auto name = GENERATE(from_range(trace_names()));
    INFO(name);
    const Trace trace = load_trace(name);
    const auto filtered = as_filtered(trace.events);
    Tracker whole_tracker;
    Tracker filtered_tracker;
    CHECK(describe(replay(filtered_tracker, filtered)) == describe(replay(whole_tracker, trace.events)));
}

TEST_CASE("every scenario was recorded") {
    CHECK(trace_names().size() == 31);
}

// The processes that run after `events`, with their present title, as a daemon finds them that starts then.
std::vector<ProcessEvent> adopted_after(const std::vector<ProcessEvent>& events) {
    std::map<ProcessKey, std::vector<ProcessEvent>> running;
    for (const ProcessEvent& event : events) {
        auto& process = running[event.process];
        if (std::holds_alternative<ExecEvent>(event.what)) {
            process.assign(1, event);
            std::get<ExecEvent>(process.front().what).adopted = true;
            process.push_back(event);
            process.back().what = TitleEvent{"", true};
        } else if (std::holds_alternative<TitleEvent>(event.what)) {
            process.resize(1);
            process.push_back(event);
            process.back().at = events.back().at;
            std::get<TitleEvent>(process.back().what).observed = true;
        } else if (std::holds_alternative<ExitEvent>(event.what)) {
            running.erase(event.process);
        }
    }
    std::vector<ProcessEvent> found;
    for (const auto& [key, process] : running) {
        found.insert(found.end(), process.begin(), process.end());
    }
    return found;
}

void check_restart(const Trace& trace, std::ptrdiff_t stop) {
    INFO(trace.name << ", restart after event " << stop);
    const std::vector<ProcessEvent> before(trace.events.begin(), trace.events.begin() + stop);
    const std::vector<ProcessEvent> after(trace.events.begin() + stop, trace.events.end());
    AppliedChanges applied;
    Tracker first;
    applied.apply(replay(first, before));
    Tracker second(static_cast<std::int64_t>(applied.rows().size()) + 1);
    second.set_utc_offset(utc_offset);
    second.restore(applied.online());
    applied.apply(replay(second, adopted_after(before)));
    applied.apply(replay(second, after));
    for (const TrueSession& truth : trace.sessions) {
        const auto rows = std::count_if(applied.rows().begin(), applied.rows().end(),
                                        [&](const auto& row) { return is_same(truth, row.second); });
        CHECK(rows == 1);
    }
    CHECK(applied.rows().size() == trace.sessions.size());
    CHECK(applied.online().empty());
}

// Not within a login or a logout, where titles of one moment stand for others.
TEST_CASE("a restart of the daemon at a quiet moment neither loses nor invents a session") {
    const std::string version = GENERATE("2.3.19.1", "2.4.1");
    const std::string scenario = GENERATE("trap_a", "imap_commands", "imap_idle", "kill", "reuse",
                                          "hibernate", "pop3_download", "minavail");
    const Trace trace = load_trace(version + "/" + scenario);
    std::size_t restarts = 0;
    for (std::size_t stop = 1; stop < trace.events.size(); ++stop) {
        if (trace.events[stop].at - trace.events[stop - 1].at > milliseconds(20)) {
            check_restart(trace, static_cast<std::ptrdiff_t>(stop));
            ++restarts;
        }
    }
    CHECK(restarts > 0);
}

// With probes that outlive the daemon no event is missed, and the kernel remembers who showed stages.
std::vector<ProcessEvent> as_from_pinned_probes(const Trace& trace) {
    auto events = as_filtered(trace.events);
    std::map<ProcessKey, bool> staged;
    for (ProcessEvent& event : events) {
        const auto* title = std::get_if<TitleEvent>(&event.what);
        bool& of_process = staged[event.process];
        of_process = of_process || (title != nullptr && title->text == "[waiting on client]");
        event.staged = of_process;
    }
    return events;
}

void check_takeover(const Trace& trace, const std::vector<ProcessEvent>& events, std::ptrdiff_t stop) {
    INFO(trace.name << ", taken over after event " << stop);
    const std::vector<ProcessEvent> before(events.begin(), events.begin() + stop);
    const std::vector<ProcessEvent> after(events.begin() + stop, events.end());
    AppliedChanges applied;
    Tracker first;
    applied.apply(replay(first, before));
    Tracker second(static_cast<std::int64_t>(applied.rows().size()) + 1);
    second.set_utc_offset(utc_offset);
    second.restore(applied.online(), first.memory());
    applied.apply(replay(second, adopted_after(before)));
    applied.apply(replay(second, after));
    for (const TrueSession& truth : trace.sessions) {
        check_session(trace, truth, applied);
    }
    CHECK(applied.rows().size() == trace.sessions.size() - never_named(trace));
    CHECK(applied.online().empty());
    check_deliveries(trace, applied);
}

TEST_CASE("a daemon that takes over pinned probes at any event neither loses nor invents nor estimates") {
    const auto name = GENERATE(from_range(trace_names()));
    const Trace trace = load_trace(name);
    const auto events = as_from_pinned_probes(trace);
    const std::size_t step = events.size() > 1000 ? 41 : 1; // `concurrent` repeats itself
    for (std::size_t stop = 1; stop < events.size(); stop += step) {
        check_takeover(trace, events, static_cast<std::ptrdiff_t>(stop));
    }
}

} // namespace
} // namespace dovewatch
