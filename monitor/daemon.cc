#include "monitor/daemon.h"

#include "monitor/clock.h"
#include "store/log.h"
#include "store/stop_signals.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <systemd/sd-daemon.h>

namespace dovewatch {

namespace {

using namespace std::chrono_literals;

constexpr auto retry_interval = 1s;            // while the store is unavailable
constexpr auto sweep_interval = 300s;          // without a loss
constexpr auto retention_interval = 3600s;     // between two rounds
constexpr auto retention_step_interval = 20ms; // between two steps of one

// One shot.
void set_timer(const UniqueFd& timer, std::chrono::nanoseconds delay) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(delay);
    itimerspec when{};
    when.it_value.tv_sec = seconds.count();
    when.it_value.tv_nsec = (delay - seconds).count();
    timerfd_settime(timer.get(), 0, &when, nullptr);
}

// A long time where it is not set.
std::chrono::nanoseconds time_left(const UniqueFd& timer) {
    itimerspec left{};
    timerfd_gettime(timer.get(), &left);
    const auto delay =
        std::chrono::seconds(left.it_value.tv_sec) + std::chrono::nanoseconds(left.it_value.tv_nsec);
    return delay == 0ns ? std::chrono::nanoseconds::max() : delay;
}

void clear(const UniqueFd& timer) {
    std::uint64_t expirations = 0;
    [[maybe_unused]] const auto got = read(timer.get(), &expirations, sizeof(expirations));
}

Result<void> watch(const UniqueFd& epoll, int operation, int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (epoll_ctl(epoll.get(), operation, fd, &event) != 0) {
        return failed(fmt::format("cannot wait for events: {}", std::strerror(errno)));
    }
    return {};
}

} // namespace

sigset_t daemon_signals() {
    sigset_t signals = stop_signals();
    struct sigaction hangup {};
    if (sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN) {
        sigaddset(&signals, SIGHUP);
    }
    return signals;
}

void block_daemon_signals() {
    const sigset_t signals = daemon_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Daemon::Daemon(Source& source, ChangeStore& store, DaemonSetup setup)
    : source_(source), store_(store), setup_(std::move(setup)), tracker_(1, setup_.classifier),
      recorder_(store), sink_([this](const ProcessEvent& event) { take(event); }) {
    read_utc_offset();
    started_ = utc(boot_time_now());
}

void Daemon::read_utc_offset() {
    utc_offset_ = utc_offset_now();
    tracker_.set_utc_offset(utc_offset_);
}

UtcTime Daemon::utc(BootTime at) const {
    return UtcTime(std::chrono::floor<std::chrono::microseconds>(at) + utc_offset_);
}

void Daemon::resume(std::int64_t next_session_id, const std::vector<Session>& open_sessions,
                    const std::optional<Checkpoint>& checkpoint) {
    tracker_ = Tracker(next_session_id, setup_.classifier);
    tracker_.set_utc_offset(utc_offset_);
    if (checkpoint && checkpoint->boot_id != setup_.boot_id) {
        return end_before_boot(open_sessions, checkpoint->at);
    }
    tracker_.restore(open_sessions, checkpoint ? checkpoint->tracker : std::string());
    if (checkpoint) {
        source_.resume(checkpoint->position);
    }
}

// No process outlives its kernel. When it went down is not known; the last commit is the nearest time before.
void Daemon::end_before_boot(const std::vector<Session>& sessions, UtcTime last_seen) {
    for (Session session : sessions) {
        session.logout = std::max(session.login, last_seen);
        session.logout_estimated = true;
        session.hibernated = false;
        session.end = End::lost;
        recorder_.pending().emplace_back(SessionEnded{std::move(session)});
    }
}

Checkpoint Daemon::checkpoint() const {
    return {setup_.boot_id, utc(boot_time_now()), source_.position().value_or(SourcePosition{}),
            tracker_.memory()};
}

Result<void> Daemon::run() {
    if (auto opened = open_fds(); !opened) {
        return opened;
    }
    if (auto begun = begin(); !begun) {
        return begun;
    }
    if (auto looped = loop(); !looped) {
        return looped;
    }
    return end();
}

Result<void> Daemon::open_fds() {
    const sigset_t signals = daemon_signals();
    signals_ = UniqueFd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    epoll_ = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
    commit_timer_ = UniqueFd(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    status_timer_ = UniqueFd(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    retention_timer_ = UniqueFd(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    for (const int fd : {signals_.get(), commit_timer_.get(), status_timer_.get(), retention_timer_.get(),
                         source_.control_fd()}) {
        if (auto added = watch(epoll_, EPOLL_CTL_ADD, fd, EPOLLIN); !added) {
            return added;
        }
    }
    return watch(epoll_, EPOLL_CTL_ADD, source_.events_fd(), EPOLLIN | EPOLLONESHOT);
}

Result<void> Daemon::begin() {
    set_timer(status_timer_, sweep_interval);
    if (auto swept = sweep(); !swept) {
        return swept;
    }
    if (!setup_.retention.keeps_all()) {
        set_timer(retention_timer_, retention_step_interval);
    }
    if (auto stored = store_status(); !stored) {
        return stored;
    }
    log(Severity::info, fmt::format("watching Dovecot by {}, {} sessions online", source_.name(),
                                    tracker_.sessions_online()));
    sd_notify(0, "READY=1");
    return {};
}

// Finds what events did not tell, or were lost telling.
Result<void> Daemon::sweep() {
    last_sweep_ = boot_time_now();
    lost_at_sweep_ = source_.lost();
    sweeps_++;
    const auto running = source_.sweep(sink_);
    if (running) {
        tracker_.retain(*running, last_sweep_, recorder_.pending());
    } else if (running.error().kind != Error::Kind::unavailable || sweeps_ == 1) {
        return tl::make_unexpected(running.error());
    }
    return store_pending();
}

Result<void> Daemon::loop() {
    std::array<epoll_event, 8> events{};
    while (!stopping_) {
        const int ready = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
        if (ready < 0 && errno != EINTR) {
            return failed(fmt::format("cannot wait for events: {}", std::strerror(errno)));
        }
        for (int i = 0; i < ready; i++) {
            if (auto handled = handle(events[static_cast<std::size_t>(i)].data.fd); !handled) {
                return handled;
            }
        }
    }
    return {};
}

Result<void> Daemon::handle(int fd) {
    if (fd == signals_.get()) {
        take_signals();
        return {};
    }
    // The event source is disarmed until the batch is drained; meanwhile events gather in it.
    if (fd == source_.events_fd()) {
        events_since_status_ = true;
        commit_soon();
        return {};
    }
    if (fd == source_.control_fd()) {
        return attend();
    }
    if (fd == status_timer_.get()) {
        return look_after_time();
    }
    if (fd == retention_timer_.get()) {
        return retain();
    }
    clear(commit_timer_);
    return drain_and_store();
}

// All that wait: a service manager may send SIGHUP beside SIGTERM, which then stands for the end.
void Daemon::take_signals() {
    signalfd_siginfo signal{};
    while (read(signals_.get(), &signal, sizeof(signal)) == static_cast<ssize_t>(sizeof(signal))) {
        stopping_ = true;
        retiring_ = retiring_ || signal.ssi_signo != SIGHUP;
    }
}

// A source that polls comes here all the time, mostly with nothing to tell: then nothing is to be written.
Result<void> Daemon::attend() {
    if (auto attended = source_.attend(sink_); !attended) {
        return attended;
    }
    events_since_status_ = events_since_status_ || source_.lost() != lost_at_sweep_;
    if (events_since_status_) {
        commit_soon();
    }
    return {};
}

void Daemon::commit_soon() {
    const std::chrono::nanoseconds delay = store_failing_ ? retry_interval : setup_.commit_interval;
    if (time_left(commit_timer_) > delay) {
        set_timer(commit_timer_, delay);
    }
}

Result<void> Daemon::drain_and_store() {
    read_utc_offset();
    if (auto drained = source_.drain(sink_); !drained) {
        return drained;
    }
    if (auto stored = store_pending(); !stored) {
        return stored;
    }
    return watch(epoll_, EPOLL_CTL_MOD, source_.events_fd(), EPOLLIN | EPOLLONESHOT);
}

Result<void> Daemon::look_after_time() {
    clear(status_timer_);
    const bool busy = std::exchange(events_since_status_, false);
    set_timer(status_timer_, busy ? setup_.status_interval : sweep_interval);
    read_utc_offset();
    tracker_.advance(boot_time_now(), recorder_.pending());
    const bool due = source_.lost() != lost_at_sweep_ || boot_time_now() - last_sweep_ >= sweep_interval;
    if (auto stored = due ? sweep() : store_pending(); !stored) {
        return stored;
    }
    return store_status();
}

// What cannot be done now is tried again in the next round.
Result<void> Daemon::retain() {
    clear(retention_timer_);
    const auto more = store_.retain(setup_.retention, utc(boot_time_now()));
    if (!more && more.error().kind != Error::Kind::unavailable) {
        return tl::make_unexpected(more.error());
    }
    const bool goes_on = more && *more;
    set_timer(retention_timer_, goes_on ? std::chrono::nanoseconds(retention_step_interval)
                                        : std::chrono::nanoseconds(retention_interval));
    return {};
}

void Daemon::take(const ProcessEvent& event) {
    events_since_status_ = true;
    const UtcTime at = utc(event.at);
    last_event_ = std::max(last_event_.value_or(at), at);
    tracker_.handle(event, recorder_.pending());
}

Result<void> Daemon::store_pending() {
    if (events_since_status_ && time_left(status_timer_) > setup_.status_interval) {
        set_timer(status_timer_, setup_.status_interval);
    }
    auto stored = recorder_.flush(checkpoint());
    if (stored) {
        source_.release();
        if (std::exchange(store_failing_, false)) {
            log(Severity::info, "the database can be written again");
        }
        return {};
    }
    if (stored.error().kind != Error::Kind::unavailable) {
        return stored;
    }
    source_.release(); // the changes are in memory; a full ring buffer would lose those to come
    if (!std::exchange(store_failing_, true)) {
        log(Severity::error, stored.error().message + "; changes are kept in memory meanwhile");
    }
    set_timer(commit_timer_, retry_interval);
    return {};
}

Result<void> Daemon::store_status() {
    auto stored = store_.commit_status(status());
    if (!stored && stored.error().kind != Error::Kind::unavailable) {
        return stored;
    }
    return {};
}

DaemonStatus Daemon::status() const {
    DaemonStatus status;
    status.pid = getpid();
    status.version = DOVEWATCH_VERSION;
    status.source = source_.name();
    status.started = started_;
    status.last_event = last_event_;
    status.counters = source_.counters();
    const auto& tracked = tracker_.counters();
    status.counters.push_back({"monitor", "titles not understood", tracked.unknown_titles, false});
    status.counters.push_back({"monitor", "sessions without a name", tracked.unattributed_sessions, true});
    status.counters.push_back(
        {"monitor", "deliveries without a name", tracked.unattributed_deliveries, true});
    status.counters.push_back(
        {"monitor", "logout lines without a name", tracked.unattributed_logout_lines, false});
    status.counters.push_back(
        {"monitor", "processes first seen after their start", tracked.starts_missed, false});
    status.counters.push_back({"monitor", "sessions and deliveries ignored", tracker_.ignored(), false});
    status.counters.push_back({"monitor", "sweeps over all processes", sweeps_, false});
    status.counters.push_back({"monitor", "sessions found by a sweep", tracked.found_sessions, false});
    status.counters.push_back({"monitor", "processes found gone", tracked.gone_processes, false});
    for (auto& counter : recorder_.counters()) {
        status.counters.push_back(std::move(counter));
    }
    return status;
}

Result<void> Daemon::end() {
    sd_notify(0, "STOPPING=1");
    if (auto drained = source_.drain(sink_); !drained) {
        return drained;
    }
    if (auto stored = recorder_.flush(checkpoint()); !stored) {
        return failed(fmt::format("{}; {} changes could not be stored and are lost", stored.error().message,
                                  recorder_.pending().size()));
    }
    source_.release();
    if (retiring_) {
        if (auto retired = source_.retire(); !retired) {
            log(Severity::warning, retired.error().message);
        }
    }
    return store_status();
}

} // namespace dovewatch
