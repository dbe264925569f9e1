#include "monitor/session_book.h"

#include "monitor/statistics.h"

#include <algorithm>

namespace dovewatch {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

} // namespace

Session SessionBook::row(const OpenSession& open, ProcessKey process, ProcessRole role) const {
    Session session;
    session.id = open.id;
    session.user = open.user;
    session.service = service_of(role);
    session.service_class = classifier_.class_of(session.service, open.address);
    session.address = open.address;
    session.process = process;
    session.login = open.login;
    session.login_since_boot = duration_cast<microseconds>(open.login_at);
    session.login_estimated = open.login_estimated;
    return session;
}

Session SessionBook::ended_row(const OpenSession& open, ProcessKey process, ProcessRole role,
                               const SessionEnd& end) const {
    Session ended = row(open, process, role);
    ended.logout =
        open.login + std::max(duration_cast<microseconds>(end.at - open.login_at), microseconds::zero());
    ended.end = end.end;
    ended.logout_estimated = end.estimated;
    if (open.line) {
        ended.reason = open.line->reason;
        ended.statistics = open.line->statistics;
        ended.numbers = parse_statistics(ended.service, *open.line);
    }
    return ended;
}

UtcTime SessionBook::utc(BootTime at) const {
    return UtcTime{duration_cast<microseconds>(at) + utc_offset_};
}

OpenSession SessionBook::take_over(const Session& session) {
    ++sessions_online_;
    OpenSession open;
    open.id = session.id;
    open.user = session.user;
    open.address = session.address;
    open.login = session.login;
    open.login_at = session.login_since_boot;
    open.login_estimated = session.login_estimated;
    return open;
}

void SessionBook::begin(OpenSession& session, const ProcessState& process, BootTime login_at,
                        bool login_estimated) {
    if (classifier_.is_ignored(session.address)) {
        ++ignored_;
        session.id = 0;
        return;
    }
    session.id = next_id_++;
    session.login_at = login_at;
    session.login = utc(login_at);
    session.login_estimated = login_estimated;
    ++sessions_online_;
    changes_->emplace_back(std::in_place_type<SessionBegan>,
                           SessionBegan{row(session, process.key, process.role)});
}

void SessionBook::update(const OpenSession& session, ProcessKey process, ProcessRole role, bool hibernated) {
    if (session.id == 0) {
        return;
    }
    Session updated = row(session, process, role);
    updated.hibernated = hibernated;
    changes_->emplace_back(std::in_place_type<SessionUpdated>, SessionUpdated{std::move(updated)});
}

void SessionBook::end(const OpenSession& session, ProcessKey process, ProcessRole role,
                      const SessionEnd& end) {
    if (session.id == 0) {
        return;
    }
    --sessions_online_;
    changes_->emplace_back(std::in_place_type<SessionEnded>,
                           SessionEnded{ended_row(session, process, role, end)});
}

void SessionBook::amend(const OpenSession& session, ProcessKey process, ProcessRole role,
                        const SessionEnd& end) {
    if (session.id != 0) {
        changes_->emplace_back(std::in_place_type<SessionUpdated>,
                               SessionUpdated{ended_row(session, process, role, end)});
    }
}

void SessionBook::reopen(const OpenSession& session, ProcessKey process, ProcessRole role, bool hibernated) {
    if (session.id == 0) {
        return;
    }
    ++sessions_online_;
    Session reopened = row(session, process, role);
    reopened.hibernated = hibernated;
    changes_->emplace_back(std::in_place_type<SessionReopened>, SessionReopened{std::move(reopened)});
}

void SessionBook::deliver(const ProcessState& process, std::string_view user,
                          const std::optional<Address>& client, BootTime at) {
    if (classifier_.is_ignored(client)) {
        ++ignored_;
        return;
    }
    Delivery delivery;
    delivery.user = user;
    delivery.service = service_of(process.role);
    delivery.service_class = classifier_.class_of(delivery.service, client);
    delivery.address = client;
    delivery.pid = process.key.pid;
    delivery.at = utc(at);
    changes_->emplace_back(std::in_place_type<Delivered>, Delivered{std::move(delivery)});
}

} // namespace dovewatch
