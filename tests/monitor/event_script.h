// Hand-written process events for tests, a line or two each.
#pragma once

#include "monitor/tracker.h"
#include "tests/monitor/applied_changes.h"

#include <string>
#include <string_view>
#include <vector>

namespace dovewatch {

// A tracker, the store behind it, and a clock that each event moves on by one millisecond.
class EventScript {
  public:
    static constexpr std::int32_t master = 100;

    explicit EventScript(std::int64_t first_session_id = 1);

    // What follows is about this process; it need not exist.
    EventScript& process(std::int32_t pid, ProcessRole role = ProcessRole::imap,
                         std::int64_t start_ticks = 1);
    EventScript& under(std::int32_t parent_pid);

    EventScript& exec(std::string arguments = {});
    EventScript& adopt(BootTime started = BootTime{});
    EventScript& title(std::string_view text);
    EventScript& titles(std::initializer_list<std::string_view> texts);
    EventScript& logout_line();
    EventScript& exit(int status = 0);
    EventScript& wait(BootTime time);
    EventScript& advance();
    EventScript& retain(std::vector<ProcessKey> running);
    // A tracker that takes over from this one, as after a restart of the daemon.
    EventScript& take_over();

    // The only session so far; the one of this id.
    const Session& session() const;
    const Session& session(std::int64_t id) const;
    std::size_t sessions() const { return applied.rows().size(); }

    BootTime now{std::chrono::hours(1)};
    Tracker tracker;
    AppliedChanges applied;
    std::vector<SessionChange> last; // what the last event changed

  private:
    EventScript& send(decltype(ProcessEvent::what) what);
    EventScript& apply();

    ProcessEvent next_;
};

// The boot time of a session's time.
BootTime boot_time(UtcTime time);

} // namespace dovewatch
