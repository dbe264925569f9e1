// The session tracker: process events in, session changes out.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "monitor/process_event.h"
#include "store/model.h"

namespace dovewatch {

// What the tracker could not tell, by cause.
struct TrackerCounters {
    std::uint64_t unknown_titles = 0;          // torn or of no known form
    std::uint64_t unattributed_sessions = 0;   // behind [N connections]: seen to begin, never named
    std::uint64_t events_of_unknown_processes = 0; // no exec seen, not adopted
    std::uint64_t gone_processes = 0;          // found gone without an exit event
};

// A pure state machine: no clock, no I/O; the same events give the same changes. Events of one process
// must come in order; processes may interleave in any order. Not thread-safe.
class Tracker {
  public:
    // `first_session_id`: given to the first session that begins, then counted up.
    explicit Tracker(std::int64_t first_session_id = 1);
    ~Tracker();
    Tracker(Tracker&&) noexcept;
    Tracker& operator=(Tracker&&) noexcept;

    // UTC minus time since boot, as last measured. A session's logout is its login plus the time between
    // them since boot, so a step of the wall clock changes no duration.
    void set_utc_offset(std::chrono::microseconds offset);

    // Takes up the sessions that an earlier tracker left open. Call before the first event; sessions
    // whose process is never adopted end with `retain`.
    void restore(std::span<const Session> open_sessions);

    // Appends what the event changes to `changes`.
    void handle(const ProcessEvent& event, std::vector<SessionChange>& changes);

    // Ends, as lost, the sessions whose process is not among `running`. `at`: when that was observed.
    void retain(std::span<const ProcessKey> running, BootTime at, std::vector<SessionChange>& changes);

    std::size_t sessions_online() const;
    const TrackerCounters& counters() const;

  private:
    class State;
    std::unique_ptr<State> state_;
};

} // namespace dovewatch
