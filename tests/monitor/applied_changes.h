// Session changes applied as a store would, and the rules that every sequence of them keeps.
#pragma once

#include "store/model.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace dovewatch {

class AppliedChanges {
  public:
    struct Row {
        Session session;
        ProcessKey first_process;
    };

    // Fails the running test where a change breaks a rule: an id begins once and later than all before; only
    // a known session is updated or ended; only an open one ends; no duration is negative; who and when never
    // change.
    void apply(const std::vector<SessionChange>& changes);

    // As an earlier daemon left it.
    void restore(const Session& session) { rows_[session.id] = {session, session.process}; }

    const std::map<std::int64_t, Row>& rows() const { return rows_; }
    const std::vector<Delivery>& deliveries() const { return deliveries_; }
    std::vector<Session> online() const;

  private:
    void began(const Session& session);
    void updated(const Session& session);
    void reopened(const Session& session);
    void ended(const Session& session);

    std::map<std::int64_t, Row> rows_;
    std::vector<Delivery> deliveries_;
};

// One change a line, for comparing what two runs did: kind, id, user, address, pid, login, logout, end,
// marks.
std::string describe(const std::vector<SessionChange>& changes);

} // namespace dovewatch
