#include "monitor/tracker.h"

#include "monitor/lda_arguments.h"
#include "monitor/tracker_state.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <sys/wait.h>

namespace dovewatch {

void Tracker::State::restore(const Session& session) {
    OpenSession open = book.take_over(session);
    if (session.hibernated) {
        HibernatedSession hibernated;
        hibernated.since = open.login_at;
        hibernated.session = std::move(open);
        hibernated.process = session.process;
        hibernation_.restore(std::move(hibernated));
    } else {
        restored_.emplace(session.process, Restored{std::move(open), role_of(session.service)});
    }
}

void Tracker::State::handle(const ProcessEvent& event) {
    settle_claims(event.at);
    if (const auto* exec = std::get_if<ExecEvent>(&event.what)) {
        return on_exec(event, *exec);
    }
    auto found = processes_.find(event.process);
    if (found == processes_.end()) {
        if (!is_worth_knowing(event)) {
            return;
        }
        ++counters.starts_missed;
        learn(event);
        found = processes_.find(event.process);
    }
    handle_known(found->second, event);
    note(event.process);
}

// Without its exec, of lda the user is unknown, and of a process that ends there is nothing to tell unless an
// earlier tracker left its session open.
bool Tracker::State::is_worth_knowing(const ProcessEvent& event) const {
    const bool ends = std::holds_alternative<ExitEvent>(event.what);
    return event.role != ProcessRole::lda && (!ends || restored_.contains(event.process));
}

void Tracker::State::handle_known(ProcessState& process, const ProcessEvent& event) {
    if (event.staged) {
        process.stages_seen = true;
        masters_[process.parent_pid].stages_seen = true;
    }
    if (const auto* title = std::get_if<TitleEvent>(&event.what)) {
        observed_ = title->observed;
        on_title(process, title->text, event.at);
        observed_ = false;
    } else if (const auto* exit = std::get_if<ExitEvent>(&event.what)) {
        observed_ = exit->observed;
        on_exit(process, exit->status, event.at);
        observed_ = false;
        processes_.erase(event.process);
    } else {
        on_logout_line(process, std::get<LogoutEvent>(event.what));
    }
}

void Tracker::State::on_exec(const ProcessEvent& event, const ExecEvent& exec) {
    const auto known = processes_.find(event.process);
    if (known != processes_.end()) {
        if (exec.adopted) {
            return; // it was seen to begin
        }
        // doveconf runs first in the process of dovecot-lda.
        end_as_lost(known->second, event.at);
        forget(known->second);
        processes_.erase(known);
    }
    learn(event);
    note(event.process);
}

void Tracker::State::learn(const ProcessEvent& event) {
    const auto* exec = std::get_if<ExecEvent>(&event.what);
    const bool adopted = exec != nullptr && exec->adopted;
    ProcessState& process = processes_[event.process];
    process.key = event.process;
    process.parent_pid = event.parent_pid;
    process.role = event.role;
    process.exec_at = event.at;
    process.since = event.at;
    process.adopted = adopted;
    process.past = adopted ? Past::unseen : Past::known;
    process.stages_seen = event.staged;
    if (event.role == ProcessRole::lda) {
        process.session.user = lda_user(exec->arguments).value_or("");
        return;
    }
    Master& master = masters_[event.parent_pid];
    ++master.processes;
    master.stages_seen = master.stages_seen || event.staged;
    if (event.role == ProcessRole::imap_hibernate) {
        const bool seen_to_start = exec != nullptr && !adopted;
        hibernation_.process_appeared(event.parent_pid, seen_to_start);
        process.past = seen_to_start ? Past::known : Past::unseen;
    }
    adopt_restored(process, event.at);
}

// Keeps `notable_` true for this process.
void Tracker::State::note(const ProcessKey& key) {
    const auto found = processes_.find(key);
    if (found != processes_.end() && is_notable(found->second)) {
        notable_.insert(key);
    } else if (!notable_.empty()) {
        notable_.erase(key);
    }
}

void Tracker::State::adopt_restored(ProcessState& process, BootTime at) {
    const auto [first, last] = restored_.equal_range(process.key);
    for (auto one = first; one != last; ++one) {
        OpenSession& session = one->second.session;
        if (process.phase == Phase::running && process.session.id > session.id) {
            std::swap(process.session, session);
        }
        if (process.phase == Phase::running) {
            end(process, {at, End::lost, true});
        }
        process.session = std::move(session);
        process.phase = Phase::running;
    }
    restored_.erase(first, last);
}

// Of several clients none is named while a line is written.
bool Tracker::State::is_about_known_session(const ProcessState& process) const {
    switch (process.phase) {
    case Phase::running:
    case Phase::silent:
    case Phase::undecided:
        return process.connections == 0 && !(process.shared && process.role == ProcessRole::imap);
    case Phase::left:
    case Phase::hibernated:
        return !process.session.line;
    case Phase::free:
        break;
    }
    return false;
}

// pop3 logs it before it takes leave in its title, imap after.
void Tracker::State::on_logout_line(ProcessState& process, const LogoutEvent& event) {
    auto line = std::make_shared<const LogoutEvent>(event);
    if (process.role == ProcessRole::imap_hibernate) {
        return keep_hibernate_line(process.parent_pid, std::move(line));
    }
    if (!is_about_known_session(process)) {
        ++counters.unattributed_logout_lines;
        return;
    }
    process.session.line = std::move(line);
    if (process.phase == Phase::hibernated && undo_hibernation(process)) {
        end(process, {process.since, End::logout, false});
    } else if (process.phase == Phase::left) {
        book.amend(process.session, process.key, process.role,
                   {process.since, process.end, process.end_estimated});
    }
}

void Tracker::State::on_exit(ProcessState& process, int status, BootTime at) {
    if (process.role == ProcessRole::lda) {
        if (status == 0 && !process.session.user.empty()) {
            book.deliver(process, process.session.user, std::nullopt, at);
        } else if (status == 0) {
            ++counters.unattributed_deliveries;
        }
    } else {
        end_at_exit(process, status, at);
    }
    forget(process);
    if (process.role == ProcessRole::imap_hibernate) {
        settle_hibernated(process.parent_pid, at, WIFSIGNALED(status) ? End::signal : End::exit);
    }
}

void Tracker::State::end_at_exit(ProcessState& process, int status, BootTime at) {
    decide_for_login(process);
    hibernate_late(process);
    if (process.phase != Phase::running && process.phase != Phase::silent) {
        return;
    }
    End how = WIFSIGNALED(status) ? End::signal : End::exit;
    // Without (deinit), [idling] is all the leave that a process takes.
    if (process.phase == Phase::silent && status == 0 && !says_deinit(process.role)) {
        how = End::logout;
    }
    end(process, {at, how, process.connections > 0 && process.count_fell});
}

void Tracker::State::end_as_lost(ProcessState& process, BootTime at) {
    decide_for_login(process);
    hibernate_late(process);
    if (process.phase == Phase::running || process.phase == Phase::silent) {
        end(process, {at, End::lost, true});
    }
}

void Tracker::State::forget(const ProcessState& process) {
    notable_.erase(process.key);
    if (process.role == ProcessRole::lda) {
        return;
    }
    if (process.role == ProcessRole::imap_hibernate) {
        const bool counted = process.past != Past::unseen;
        hibernation_.process_vanished(process.parent_pid,
                                      counted ? std::optional(process.connections) : std::nullopt);
    }
    const auto master = masters_.find(process.parent_pid);
    if (master != masters_.end() && --master->second.processes == 0) {
        masters_.erase(master);
    }
}

void Tracker::State::retain(std::span<const ProcessKey> running, BootTime at) {
    const std::unordered_set<ProcessKey, ProcessKeyHash> alive(running.begin(), running.end());
    for (auto entry = processes_.begin(); entry != processes_.end();) {
        if (alive.contains(entry->first) || entry->second.exec_at > at) {
            ++entry;
            continue;
        }
        ++counters.gone_processes;
        end_as_lost(entry->second, at);
        forget(entry->second);
        entry = processes_.erase(entry);
    }
    std::erase_if(restored_, [&](const auto& entry) {
        if (alive.contains(entry.first)) {
            return false;
        }
        ++counters.gone_processes;
        book.end(entry.second.session, entry.first, entry.second.role, {at, End::lost, true});
        return true;
    });
    end_lost_hibernated(at);
}

void Tracker::State::advance(BootTime now) {
    settle_claims(now);
    presume_hibernated_ends(now);
}

Tracker::Tracker(std::int64_t first_session_id, Classifier classifier)
    : state_(std::make_unique<State>(first_session_id, std::move(classifier))) {}
Tracker::~Tracker() = default;
Tracker::Tracker(Tracker&&) noexcept = default;
Tracker& Tracker::operator=(Tracker&&) noexcept = default;

void Tracker::set_utc_offset(std::chrono::microseconds offset) {
    state_->book.set_utc_offset(offset);
}

void Tracker::restore(std::span<const Session> open_sessions, std::string_view memory) {
    for (const Session& session : open_sessions) {
        state_->restore(session);
    }
    state_->restore_memory(memory);
}

std::string Tracker::memory() const {
    return state_->memory();
}

void Tracker::handle(const ProcessEvent& event, std::vector<SessionChange>& changes) {
    state_->book.write_to(changes);
    state_->handle(event);
}

void Tracker::advance(BootTime now, std::vector<SessionChange>& changes) {
    state_->book.write_to(changes);
    state_->advance(now);
}

void Tracker::retain(std::span<const ProcessKey> running, BootTime at, std::vector<SessionChange>& changes) {
    state_->book.write_to(changes);
    state_->retain(running, at);
}

std::size_t Tracker::sessions_online() const {
    return state_->book.sessions_online();
}

std::uint64_t Tracker::ignored() const {
    return state_->book.ignored();
}

const TrackerCounters& Tracker::counters() const {
    return state_->counters;
}

} // namespace dovewatch
