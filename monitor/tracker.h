// The session tracker: process events in, session changes out.
#pragma once

#include "monitor/process_event.h"
#include "store/model.h"
#include "store/service_class.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dovewatch {

// What the tracker could not tell, by cause.
struct TrackerCounters {
    std::uint64_t unknown_titles = 0; // torn or of no known form
    // Behind [N connections]: seen to begin, not named. One that is named after all is taken off again.
    std::uint64_t unattributed_sessions = 0;
    std::uint64_t unattributed_deliveries = 0;   // by an lda that was not told the user
    std::uint64_t unattributed_logout_lines = 0; // of one of several clients
    std::uint64_t starts_missed = 0;             // processes first known by a later event
    std::uint64_t gone_processes = 0;            // found gone without an exit event
    std::uint64_t found_sessions = 0;            // found running, their login was not seen
};

// A pure state machine: no clock, no I/O; the same events give the same changes. Events of one process
// must come in order, of processes of one master nearly so; otherwise they may interleave in any order.
// Titles that only change the command of the same user may be left out, and so may "", [initializing] and
// [auth lookup], and of lmtp all but deliveries; each (deinit), [idling], [waiting on ...], [unhibernating]
// and change of [N connections] must come, and so must the first title of any user after one of these. Not
// thread-safe.
class Tracker {
  public:
    // `first_session_id`: given to the first session that begins, then counted up.
    explicit Tracker(std::int64_t first_session_id = 1, Classifier classifier = Classifier());
    ~Tracker();
    Tracker(Tracker&&) noexcept;
    Tracker& operator=(Tracker&&) noexcept;

    // UTC minus time since boot, as last measured. A session's logout is its login plus the time between
    // them since boot, so a step of the wall clock changes no duration.
    void set_utc_offset(std::chrono::microseconds offset);

    // Takes up the sessions that an earlier tracker of this boot left open, and its `memory`; "" for none.
    // Call after set_utc_offset and before the first event; sessions whose process is never adopted end with
    // `retain`. Of a memory that it does not understand it keeps nothing.
    void restore(std::span<const Session> open_sessions, std::string_view memory = {});

    // What it knows beside the open sessions, for `restore`: small, and "" most of the time.
    std::string memory() const;

    // Appends what the event changes to `changes`.
    void handle(const ProcessEvent& event, std::vector<SessionChange>& changes);

    // Lets time pass without an event. Whether a user's title is a login or a return from hibernation is
    // undecided for up to two seconds on Dovecot before 2.3.21; without this call or another event the login
    // is not announced.
    void advance(BootTime now, std::vector<SessionChange>& changes);

    // Ends, as lost, the sessions whose process is not among `running`. `at`: when that was observed;
    // processes that began later are left alone. Hibernated ones end when no imap-hibernate of their master
    // is left.
    void retain(std::span<const ProcessKey> running, BootTime at, std::vector<SessionChange>& changes);

    std::size_t sessions_online() const;
    std::uint64_t ignored() const; // sessions and deliveries from addresses to be ignored
    const TrackerCounters& counters() const;

  private:
    class State;
    std::unique_ptr<State> state_;
};

} // namespace dovewatch
