#include "monitor/daemon.h"

#include "monitor/clock.h"
#include "monitor/log.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <systemd/sd-daemon.h>

namespace dovewatch {

namespace {

using namespace std::chrono_literals;

constexpr auto retry_interval = 1s; // while the store is unavailable
// Between two looks at what only time can settle, and two statuses; none follows once nothing happens.
constexpr auto status_interval = 2s;

// One shot.
void set_timer(const UniqueFd& timer, std::chrono::nanoseconds delay) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(delay);
    itimerspec when{};
    when.it_value.tv_sec = seconds.count();
    when.it_value.tv_nsec = (delay - seconds).count();
    timerfd_settime(timer.get(), 0, &when, nullptr);
}

bool is_set(const UniqueFd& timer) {
    itimerspec left{};
    timerfd_gettime(timer.get(), &left);
    return left.it_value.tv_sec != 0 || left.it_value.tv_nsec != 0;
}

void clear(const UniqueFd& timer) {
    std::uint64_t expirations = 0;
    [[maybe_unused]] const auto got = read(timer.get(), &expirations, sizeof(expirations));
}

Result<void> watch(const UniqueFd& epoll, int operation, int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (epoll_ctl(epoll.get(), operation, fd, &event) != 0)
        return failed(fmt::format("cannot wait for events: {}", std::strerror(errno)));
    return {};
}

} // namespace

Daemon::Daemon(Source& source, ChangeStore& store, Tracker tracker, std::chrono::milliseconds commit_interval)
    : source_(source), store_(store), tracker_(std::move(tracker)), recorder_(store),
      commit_interval_(commit_interval), sink_([this](const ProcessEvent& event) { take(event); }) {}

Result<void> Daemon::run() {
    if (auto opened = open_fds(); !opened)
        return opened;
    if (auto begun = begin(); !begun)
        return begun;
    if (auto looped = loop(); !looped)
        return looped;
    return end();
}

Result<void> Daemon::open_fds() {
    sigset_t stop_signals;
    sigemptyset(&stop_signals);
    sigaddset(&stop_signals, SIGTERM);
    sigaddset(&stop_signals, SIGINT);
    signals_ = UniqueFd(signalfd(-1, &stop_signals, SFD_CLOEXEC | SFD_NONBLOCK));
    epoll_ = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
    commit_timer_ = UniqueFd(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    status_timer_ = UniqueFd(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    for (const int fd : {signals_.get(), commit_timer_.get(), status_timer_.get(), source_.control_fd()})
        if (auto added = watch(epoll_, EPOLL_CTL_ADD, fd, EPOLLIN); !added)
            return added;
    return watch(epoll_, EPOLL_CTL_ADD, source_.events_fd(), EPOLLIN | EPOLLONESHOT);
}

Result<void> Daemon::begin() {
    utc_offset_ = utc_offset_now();
    tracker_.set_utc_offset(utc_offset_);
    started_ = UtcTime(std::chrono::floor<std::chrono::microseconds>(boot_time_now()) + utc_offset_);
    if (auto adopted = source_.attend(sink_); !adopted)
        return adopted;
    const auto observed = boot_time_now();
    const auto running = source_.running();
    if (!running)
        return tl::make_unexpected(running.error());
    tracker_.retain(*running, observed, recorder_.pending());
    if (auto stored = store_pending(); !stored)
        return stored;
    log(Severity::info, fmt::format("watching Dovecot by {}, {} sessions online", source_.name(),
                                    tracker_.sessions_online()));
    sd_notify(0, "READY=1");
    return store_status();
}

Result<void> Daemon::loop() {
    std::array<epoll_event, 8> events{};
    while (!stopping_) {
        const int ready = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
        if (ready < 0 && errno != EINTR)
            return failed(fmt::format("cannot wait for events: {}", std::strerror(errno)));
        for (int i = 0; i < ready; i++)
            if (auto handled = handle(events[static_cast<std::size_t>(i)].data.fd); !handled)
                return handled;
    }
    return {};
}

Result<void> Daemon::handle(int fd) {
    if (fd == signals_.get()) {
        signalfd_siginfo signal{};
        [[maybe_unused]] const auto got = read(fd, &signal, sizeof(signal));
        stopping_ = true;
        return {};
    }
    // The event source is disarmed until the batch is drained; meanwhile events gather in it.
    if (fd == source_.events_fd()) {
        set_timer(commit_timer_, store_failing_ ? retry_interval : commit_interval_);
        return {};
    }
    if (fd == source_.control_fd()) {
        if (auto attended = source_.attend(sink_); !attended)
            return attended;
        return store_pending();
    }
    if (fd == status_timer_.get())
        return look_after_time();
    clear(commit_timer_);
    return drain_and_store();
}

Result<void> Daemon::drain_and_store() {
    utc_offset_ = utc_offset_now();
    tracker_.set_utc_offset(utc_offset_);
    if (auto drained = source_.drain(sink_); !drained)
        return drained;
    if (auto stored = store_pending(); !stored)
        return stored;
    return watch(epoll_, EPOLL_CTL_MOD, source_.events_fd(), EPOLLIN | EPOLLONESHOT);
}

Result<void> Daemon::look_after_time() {
    clear(status_timer_);
    if (std::exchange(events_since_status_, false))
        set_timer(status_timer_, status_interval);
    tracker_.advance(boot_time_now(), recorder_.pending());
    if (auto stored = store_pending(); !stored)
        return stored;
    return store_status();
}

void Daemon::take(const ProcessEvent& event) {
    events_since_status_ = true;
    const UtcTime at(std::chrono::floor<std::chrono::microseconds>(event.at) + utc_offset_);
    last_event_ = std::max(last_event_.value_or(at), at);
    tracker_.handle(event, recorder_.pending());
}

Result<void> Daemon::store_pending() {
    if (events_since_status_ && !is_set(status_timer_))
        set_timer(status_timer_, status_interval);
    auto stored = recorder_.flush();
    if (stored) {
        source_.release();
        if (std::exchange(store_failing_, false))
            log(Severity::info, "the database can be written again");
        return {};
    }
    if (stored.error().kind != Error::Kind::unavailable)
        return stored;
    source_.release(); // the changes are in memory; a full ring buffer would lose those to come
    if (!std::exchange(store_failing_, true))
        log(Severity::error, stored.error().message + "; changes are kept in memory meanwhile");
    set_timer(commit_timer_, retry_interval);
    return {};
}

Result<void> Daemon::store_status() {
    const auto stored = store_.commit_status(status());
    if (!stored && stored.error().kind != Error::Kind::unavailable)
        return stored;
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
        {"monitor", "events of unknown processes", tracked.events_of_unknown_processes, true});
    status.counters.push_back({"monitor", "processes found gone", tracked.gone_processes, true});
    for (auto& counter : recorder_.counters())
        status.counters.push_back(std::move(counter));
    return status;
}

Result<void> Daemon::end() {
    sd_notify(0, "STOPPING=1");
    if (auto drained = source_.drain(sink_); !drained)
        return drained;
    if (auto stored = recorder_.flush(); !stored)
        return failed(fmt::format("{}; {} changes could not be stored and are lost", stored.error().message,
                                  recorder_.pending().size()));
    return store_status();
}

} // namespace dovewatch
