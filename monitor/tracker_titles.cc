// What the titles of a process say of the sessions that it serves.
#include "monitor/tracker_state.h"

#include <algorithm>

namespace dovewatch {
namespace {

// Dovecot shows it before it looks at client_limit, so it does not tell that stages will follow.
constexpr std::string_view initializing = "[initializing]";

// A title without address says nothing of the address.
bool same_address(const OpenSession& session, const Title& title) {
    return !title.address || session.address == title.address;
}

// Whether the title cannot be the first one of its session. An [idling] before it was false, then, whatever
// is known of the version.
bool is_in_mid_session(const ProcessState& process, const Title& title) {
    return title.has_tail && process.role != ProcessRole::submission;
}

} // namespace

void Tracker::State::on_title(ProcessState& process, std::string_view text, BootTime at) {
    const Title title = parse_title(process.role, text, context_of(process));
    if (title.kind == Title::Kind::unknown) {
        ++counters.unknown_titles;
        return;
    }
    on_known_title(process, title, text, at);
    process.log_blocked = title.log_blocked && title.kind == Title::Kind::delivery;
    if (title.kind != Title::Kind::idling) {
        process.past = Past::known;
    } else if (process.past == Past::unseen) {
        process.past = Past::unseen_idling;
    }
}

void Tracker::State::on_known_title(ProcessState& process, const Title& title, std::string_view text,
                                    BootTime at) {
    switch (title.kind) {
    case Title::Kind::idling:
        return on_idling(process, at);
    case Title::Kind::stage:
    case Title::Kind::unhibernating:
        return text == initializing ? void() : on_stage(process, title, at);
    case Title::Kind::connections:
        return process.role == ProcessRole::imap_hibernate
                   ? on_hibernate_count(process, title.connections, at)
                   : on_connections(process, title.connections, at);
    case Title::Kind::user:
        return on_user(process, title, at);
    case Title::Kind::deinit:
        return on_deinit(process, title, at);
    case Title::Kind::delivery:
        return on_delivery(process, title, at);
    case Title::Kind::unknown:
    case Title::Kind::empty:
    case Title::Kind::delivery_phase:
        break;
    }
}

bool Tracker::State::shows_stages(const ProcessState& process) const {
    if (process.shared || process.stages_seen) {
        return !process.shared;
    }
    const auto master = masters_.find(process.parent_pid);
    return process.adopted && master != masters_.end() && master->second.stages_seen;
}

// Whether the session that the process served last may not have ended, so far as is known without a title.
bool Tracker::State::may_go_on(const ProcessState& process) const {
    switch (process.phase) {
    case Phase::free:
        return false;
    case Phase::left:
        return process.left_by_idling ? shows_stages(process) : !process.idled;
    case Phase::hibernated:
        return !process.idled;
    case Phase::running:
    case Phase::silent:
    case Phase::undecided:
        break;
    }
    return true;
}

std::optional<TitleContext> Tracker::State::context_of(const ProcessState& process) const {
    if (!may_go_on(process)) {
        return std::nullopt;
    }
    return TitleContext{process.session.user, process.session.address};
}

// Whether the title is about the session that the process served last.
bool Tracker::State::goes_on(const ProcessState& process, const Title& title) const {
    const bool in_service = process.phase == Phase::running || process.phase == Phase::undecided;
    const bool wrongly_left = process.phase == Phase::left && process.left_by_idling && !process.shared &&
                              is_in_mid_session(process, title);
    return (may_go_on(process) || wrongly_left) && process.session.user == title.user &&
           (in_service || same_address(process.session, title));
}

void Tracker::State::go_on(ProcessState& process, const Title& title, BootTime at) {
    if (process.phase == Phase::undecided) {
        return;
    }
    if (process.phase == Phase::hibernated) {
        if (!undo_hibernation(process)) {
            return begin(process, title, {at, false}); // it has gone on elsewhere
        }
        book.update(process.session, process.key, process.role);
    } else if (process.phase == Phase::left) {
        process.session.line = nullptr;
        book.reopen(process.session, process.key, process.role);
    }
    process.phase = Phase::running;
    if (!same_address(process.session, title)) {
        process.session.address = title.address;
        book.update(process.session, process.key, process.role);
    }
}

Tracker::State::Login Tracker::State::login_of(const ProcessState& process, const Title& title,
                                               BootTime at) const {
    if (observed_) {
        return {free_since(process, at), true};
    }
    const bool before_our_time =
        process.past == Past::unseen ||
        (process.past == Past::unseen_idling && (shows_stages(process) || is_in_mid_session(process, title)));
    if (!before_our_time) {
        return {at, false};
    }
    // A restored session that another user follows: his login is later than that, and not now either.
    return process.phase == Phase::free ? Login{process.exec_at, true} : Login{at, true};
}

void Tracker::State::begin(ProcessState& process, const Title& title, Login login) {
    process.session.user = title.user;
    process.session.address = title.address;
    process.session.line = nullptr;
    process.count_fell = false;
    process.phase = Phase::running;
    counters.found_sessions += observed_ ? 1 : 0;
    book.begin(process.session, process, login.at, login.estimated);
}

void Tracker::State::start(ProcessState& process, const Title& title, BootTime at) {
    const Login login = login_of(process, title, at);
    const bool unhibernating = process.unhibernating;
    make_way(process, at, true);
    if (!resume(process, title, at, login)) {
        // One that returns without being known has been online for longer than this.
        begin(process, title, unhibernating ? Login{process.exec_at, true} : login);
    }
    process.unhibernating = false;
}

void Tracker::State::end(ProcessState& process, const SessionEnd& seen) {
    const SessionEnd end = observed_ ? SessionEnd{seen.at, End::lost, true} : seen;
    book.end(process.session, process.key, process.role, end);
    process.phase = Phase::left;
    process.since = end.at;
    process.end = end.end;
    process.end_estimated = end.estimated;
    process.left_by_idling = false;
    process.idled = false;
}

// Another client takes the place of the session, so it has ended, if that has not been seen already.
void Tracker::State::make_way(ProcessState& process, BootTime at, bool next_user_seen) {
    decide_for_login(process);
    if (process.phase == Phase::running) {
        // Where its time before the first title is unknown, so is what happened to the session in it.
        const bool lost = process.past != Past::known;
        end(process, {at, lost ? End::lost : End::logout, lost || !next_user_seen});
    } else if (process.phase == Phase::silent) {
        end(process, {process.since, End::logout, says_deinit(process.role)});
    }
    process.phase = Phase::free;
    process.since = at;
    process.connections = 0;
}

void Tracker::State::on_user(ProcessState& process, const Title& title, BootTime at) {
    if (process.connections > 0) {
        return name_the_last(process, title, at);
    }
    if (goes_on(process, title)) {
        return go_on(process, title, at);
    }
    start(process, title, at);
}

// Since when an unseen session may have run.
BootTime Tracker::State::free_since(const ProcessState& process, BootTime now) const {
    if (process.phase == Phase::running || process.phase == Phase::undecided) {
        return now;
    }
    return process.past == Past::known ? process.since : process.exec_at;
}

void Tracker::State::on_deinit(ProcessState& process, const Title& title, BootTime at) {
    if (process.connections > 0) {
        name_the_last(process, title, at);
    }
    const bool same = goes_on(process, title);
    if (same &&
        (process.phase == Phase::hibernated || (process.phase == Phase::left && !process.left_by_idling))) {
        return; // it says so twice
    }
    if (same) {
        decide_for_login(process);
        go_on(process, title, at);
    } else {
        const BootTime login_at = free_since(process, at);
        make_way(process, at, true);
        begin(process, title, {login_at, true});
    }
    if (!hibernate(process, at)) {
        end(process, {at, End::logout, false});
    }
}

void Tracker::State::on_idling(ProcessState& process, BootTime at) {
    decide_for_login(process);
    const bool several = process.connections > 0;
    process.connections = 0;
    switch (process.phase) {
    case Phase::running:
        // What an earlier daemon left open may be silent, too: of which version it is, is not known yet.
        if (process.past == Past::unseen ||
            (shows_stages(process) && process.role != ProcessRole::managesieve)) {
            process.phase = Phase::silent;
            process.since = at;
            return;
        }
        end(process, {at, End::logout, several});
        process.left_by_idling = true;
        process.idled = true;
        return;
    case Phase::silent:
        process.since = at;
        return;
    case Phase::left:
        process.idled = true;
        hibernate_late(process);
        return;
    case Phase::hibernated:
        process.idled = true;
        return;
    default:
        if (process.past == Past::known) {
            process.since = at;
        }
    }
}

void Tracker::State::on_stage(ProcessState& process, const Title& title, BootTime at) {
    masters_[process.parent_pid].stages_seen = true;
    const bool returns = title.kind == Title::Kind::unhibernating;
    // Returns are shown whatever client_limit is; beside a running session it is not 1.
    if (returns && (process.connections > 0 || process.phase == Phase::running)) {
        return;
    }
    process.unhibernating = returns;
    process.stages_seen = process.stages_seen || !returns;
    make_way(process, at, false);
}

void Tracker::State::on_connections(ProcessState& process, std::uint32_t count, BootTime at) {
    decide_for_login(process);
    const bool one_known = process.phase == Phase::running || process.phase == Phase::silent;
    const std::uint32_t before = std::max(process.connections, one_known ? 1U : 0U);
    process.shared = true;
    if (count == 0) {
        return on_idling(process, at);
    }
    process.phase = one_known ? Phase::running : Phase::free;
    if (count > before) {
        counters.unattributed_sessions += count - before;
        process.count_rose = process.past == Past::unseen ? process.exec_at : at;
    }
    process.count_fell = process.count_fell || count < before;
    process.connections = count;
}

// Of several clients one is left, and this is its user. Who left when is not known.
void Tracker::State::name_the_last(ProcessState& process, const Title& title, BootTime at) {
    process.connections = 0;
    if (goes_on(process, title)) {
        return go_on(process, title, at);
    }
    if (process.phase == Phase::running) {
        end(process, {at, End::lost, true});
    }
    counters.unattributed_sessions -= std::min<std::uint64_t>(counters.unattributed_sessions, 1);
    begin(process, title, {process.count_rose, true});
}

void Tracker::State::on_delivery(ProcessState& process, const Title& title, BootTime at) {
    // One that is found to stand was told when it began.
    if (!observed_ && !title.log_blocked && !process.log_blocked) {
        book.deliver(process, title.user, title.address, at);
    }
}

} // namespace dovewatch
