// Writes down what happens to sessions as the changes that the store takes.
#pragma once

#include "monitor/process_event.h"
#include "monitor/process_state.h"
#include "store/model.h"
#include "store/service_class.h"

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

namespace dovewatch {

struct SessionEnd {
    BootTime at{};
    End end = End::logout;
    bool estimated = false;
};

// Gives out session ids and turns boot time into UTC. Not thread-safe.
class SessionBook {
  public:
    SessionBook(std::int64_t first_session_id, Classifier classifier)
        : next_id_(first_session_id), classifier_(std::move(classifier)) {}

    void set_utc_offset(std::chrono::microseconds offset) { utc_offset_ = offset; }

    // Where the changes go from now on; must outlive the calls below.
    void write_to(std::vector<SessionChange>& changes) { changes_ = &changes; }

    // A session of an earlier book. Writes nothing.
    OpenSession take_over(const Session& session);

    // `session` gets its id and its login. One from an address to be ignored gets the id 0; of it nothing is
    // ever written.
    void begin(OpenSession& session, const ProcessState& process, BootTime login_at, bool login_estimated);

    void update(const OpenSession& session, ProcessKey process, ProcessRole role, bool hibernated = false);

    // What became known of a session that has ended already.
    void amend(const OpenSession& session, ProcessKey process, ProcessRole role, const SessionEnd& end);

    // Never before the login, whatever `end` says.
    void end(const OpenSession& session, ProcessKey process, ProcessRole role, const SessionEnd& end);

    // The session goes on, or into hibernation, although `end` was written.
    void reopen(const OpenSession& session, ProcessKey process, ProcessRole role, bool hibernated = false);

    void deliver(const ProcessState& process, std::string_view user, const std::optional<Address>& client,
                 BootTime at);

    std::size_t sessions_online() const { return sessions_online_; }
    std::uint64_t ignored() const { return ignored_; } // sessions and deliveries

  private:
    UtcTime utc(BootTime at) const;
    Session row(const OpenSession& open, ProcessKey process, ProcessRole role) const;
    Session ended_row(const OpenSession& open, ProcessKey process, ProcessRole role,
                      const SessionEnd& end) const;

    std::int64_t next_id_;
    Classifier classifier_;
    std::uint64_t ignored_ = 0;
    std::chrono::microseconds utc_offset_{};
    std::size_t sessions_online_ = 0;
    std::vector<SessionChange>* changes_ = nullptr;
};

} // namespace dovewatch
