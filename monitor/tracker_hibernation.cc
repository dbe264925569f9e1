// Sessions on their way to imap-hibernate and back.
#include "monitor/tracker_state.h"

#include <algorithm>
#include <utility>

namespace dovewatch {

void Tracker::State::on_hibernate_count(ProcessState& process, std::uint32_t count, BootTime at) {
    const std::int32_t master = process.parent_pid;
    const std::uint32_t before = std::exchange(process.connections, count);
    if (process.past == Past::unseen) {
        hibernation_.count_found(master, count, at);
    } else if (count > before) {
        hibernation_.count_rose(master, count - before, at);
    }
    for (std::uint32_t fallen = count; process.past != Past::unseen && fallen < before; ++fallen) {
        if (auto returned = hibernation_.count_fell(master, at)) {
            const auto found = processes_.find(*returned->claim);
            if (found != processes_.end()) {
                continue_in(found->second, std::move(*returned));
            }
        }
    }
    settle_hibernated(master, at, End::lost);
}

// The title is about a session that was hibernated, or may be.
bool Tracker::State::resume(ProcessState& process, const Title& title, BootTime at, Login login) {
    if (process.role != ProcessRole::imap) {
        return false;
    }
    if (process.unhibernating) {
        auto returned = hibernation_.take_returning(process.parent_pid, title.user, title.address, at);
        if (!returned) {
            return false;
        }
        continue_in(process, std::move(*returned));
        settle_hibernated(process.parent_pid, at, End::lost);
        return true;
    }
    // Before 2.3.21 a return looks like a login.
    if (shows_stages(process) ||
        !hibernation_.claim(process.parent_pid, title.user, title.address, process.key, at)) {
        return false;
    }
    process.session = OpenSession{};
    process.session.user = title.user;
    process.session.address = title.address;
    process.session.login_at = login.at;
    process.session.login_estimated = login.estimated;
    process.phase = Phase::undecided;
    return true;
}

void Tracker::State::continue_in(ProcessState& process, HibernatedSession hibernated) {
    process.session = std::move(hibernated.session);
    process.count_fell = false;
    process.phase = Phase::running;
    if (hibernated.presumed_end) {
        book.reopen(process.session, process.key, process.role);
    } else {
        book.update(process.session, process.key, process.role);
    }
}

// At a (deinit): whether imap-hibernate got the session.
bool Tracker::State::hibernate(ProcessState& process, BootTime at) {
    process.since = at;
    if (!give_to_hibernate(process)) {
        return false;
    }
    process.idled = false;
    book.update(process.session, process.key, process.role, true);
    return true;
}

// What was taken for a logout was none if the rise of the count that another process seemed to explain is
// still to be explained.
void Tracker::State::hibernate_late(ProcessState& process) {
    if (process.phase == Phase::left && !process.left_by_idling && give_to_hibernate(process)) {
        book.reopen(process.session, process.key, process.role, true);
    }
}

bool Tracker::State::give_to_hibernate(ProcessState& process) {
    // Dovecot logs no end of a session that it hibernates.
    if (process.role != ProcessRole::imap || process.session.line) {
        return false;
    }
    const auto rose = hibernation_.take_rise(process.parent_pid, process.since);
    if (!rose) {
        return false;
    }
    HibernatedSession hibernated;
    hibernated.session = process.session;
    hibernated.process = process.key;
    hibernated.since = process.since;
    hibernated.count_rose = *rose;
    hibernation_.add(process.parent_pid, std::move(hibernated));
    process.phase = Phase::hibernated;
    return true;
}

bool Tracker::State::undo_hibernation(const ProcessState& process) {
    return hibernation_.undo(process.parent_pid, process.session.id).has_value();
}

void Tracker::State::decide_for_login(ProcessState& process) {
    if (process.phase != Phase::undecided) {
        return;
    }
    hibernation_.drop_claim(process.parent_pid, process.key);
    process.phase = Phase::running;
    book.begin(process.session, process, process.session.login_at, process.session.login_estimated);
}

void Tracker::State::end_hibernated(const HibernatedSession& hibernated, const SessionEnd& end) {
    if (hibernated.claim) {
        const auto claimant = processes_.find(*hibernated.claim);
        if (claimant != processes_.end()) {
            decide_for_login(claimant->second);
        }
    }
    if (!hibernated.presumed_end) {
        book.end(hibernated.session, hibernated.process, ProcessRole::imap,
                 {std::max(end.at, hibernated.since), end.end, end.estimated});
    }
}

void Tracker::State::settle_hibernated(std::int32_t master, BootTime at, End end) {
    auto ended = hibernation_.settle(master, at);
    if (!hibernation_.is_empty(master)) {
        return;
    }
    const auto line = take_hibernate_line(master, ended.size());
    for (HibernatedEnd& one : ended) {
        one.hibernated.session.line = line;
        end_hibernated(one.hibernated, {one.at, end, true});
    }
}

// It comes before the count falls. Two are as good as many: none of them can be told from the others.
void Tracker::State::keep_hibernate_line(std::int32_t master, std::shared_ptr<const LogoutEvent> line) {
    auto& lines = masters_[master].hibernate_lines;
    if (hibernation_.is_empty(master) || lines.size() > 1) {
        ++counters.unattributed_logout_lines;
        return;
    }
    lines.push_back(std::move(line));
}

// One line and one end belong together; of more it is not known which.
std::shared_ptr<const LogoutEvent> Tracker::State::take_hibernate_line(std::int32_t master,
                                                                       std::size_t ended) {
    const auto found = masters_.find(master);
    if (found == masters_.end()) {
        return nullptr;
    }
    const auto lines = std::exchange(found->second.hibernate_lines, {});
    if (ended == 1 && lines.size() == 1) {
        return lines.front();
    }
    counters.unattributed_logout_lines += lines.size();
    return nullptr;
}

void Tracker::State::settle_claims(BootTime now) {
    for (const ProcessKey& key : hibernation_.expire_claims(now)) {
        const auto found = processes_.find(key);
        if (found != processes_.end()) {
            decide_for_login(found->second);
            settle_hibernated(found->second.parent_pid, now, End::lost);
        }
    }
}

void Tracker::State::presume_hibernated_ends(BootTime now) {
    for (const HibernatedEnd& one : hibernation_.presume(now)) {
        end_hibernated(one.hibernated, {one.at, End::lost, true});
    }
}

void Tracker::State::end_lost_hibernated(BootTime at) {
    for (const HibernatedSession& hibernated : hibernation_.take_lost()) {
        end_hibernated(hibernated, {at, End::lost, true});
    }
}

} // namespace dovewatch
