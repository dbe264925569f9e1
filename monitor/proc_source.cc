#include "monitor/proc_source.h"

#include "monitor/clock.h"
#include "monitor/dovecot_processes.h"
#include "monitor/proc_files.h"
#include "monitor/process_connector.h"
#include "store/log.h"
#include "store/unique_fd.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

namespace dovewatch {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::nanoseconds poll_interval = 250ms;
constexpr std::chrono::nanoseconds follow_step = 1ms;
constexpr std::chrono::nanoseconds follow_time = 60ms; // after an exec; a login shows within a few ms

void set_interval(const UniqueFd& timer, std::chrono::nanoseconds interval) {
    itimerspec when{};
    when.it_value.tv_nsec = interval.count();
    when.it_interval.tv_nsec = interval.count();
    timerfd_settime(timer.get(), 0, &when, nullptr);
}

bool is_due(const UniqueFd& timer) {
    std::uint64_t expirations = 0;
    return read(timer.get(), &expirations, sizeof(expirations)) > 0;
}

class ProcSource final : public Source {
  public:
    explicit ProcSource(const ProcOptions& options)
        : options_(options), names_suffice_(!may_look_at_others(options.proc)),
          connector_(is_in_initial_pid_namespace(options.proc) ? ProcessConnector::open() : std::nullopt) {}

    Result<void> open_control();

    std::string_view name() const override { return "proc"; }
    int events_fd() const override { return no_events_.get(); }
    int control_fd() const override { return control_.get(); }
    Result<void> drain(const EventSink& sink) override;
    void release() override {}
    Result<void> attend(const EventSink& sink) override;
    Result<std::vector<ProcessKey>> sweep(const EventSink& sink) override;
    std::optional<SourcePosition> position() const override { return std::nullopt; }
    void resume(const SourcePosition& /*stored*/) override {}
    Result<void> retire() override { return {}; }
    std::uint64_t lost() const override { return connector_losses_; }
    std::vector<Counter> counters() const override;

  private:
    struct Known {
        DovecotProcess process;
        std::string title;
        BootTime follow_until{};
    };

    Result<void> poll(const EventSink& sink);
    void hear(const EventSink& sink);
    void bury_the_gone(const std::vector<ProcessEntry>& entries, const EventSink& sink);
    void meet(const DovecotProcess& process, bool followed, const EventSink& sink);
    void look(Known& known, const EventSink& sink);
    void look_at_followed(const EventSink& sink);
    void on_exec(std::int32_t pid, const EventSink& sink);
    void on_delivery(std::int32_t pid, const EventSink& sink);
    void on_exit(std::int32_t pid, const ExitEvent& exit, const EventSink& sink);
    ProcessEvent event_of(const DovecotProcess& process, BootTime at) const;

    ProcOptions options_;
    bool names_suffice_;
    std::optional<ProcessConnector> connector_;
    UniqueFd no_events_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    UniqueFd control_{epoll_create1(EPOLL_CLOEXEC)};
    UniqueFd poll_timer_{timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
    UniqueFd follow_timer_{timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
    std::unordered_map<std::int32_t, Known> known_;
    std::unordered_set<std::int32_t> masters_;
    std::unordered_set<std::int32_t> followed_;
    std::uint64_t polls_ = 0;
    std::uint64_t connector_losses_ = 0;
};

Result<void> ProcSource::open_control() {
    std::vector<int> fds{poll_timer_.get(), follow_timer_.get()};
    if (connector_) {
        fds.push_back(connector_->fd());
    }
    for (const int fd : fds) {
        epoll_event event{};
        event.events = EPOLLIN;
        if (epoll_ctl(control_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
            return failed(fmt::format("cannot wait for /proc to be polled: {}", std::strerror(errno)));
        }
    }
    set_interval(poll_timer_, poll_interval);
    log(Severity::info,
        fmt::format("polling /proc every {} ms; {}; {}", poll_interval / 1ms,
                    connector_ ? "new processes are followed from their exec"
                               : "the process connector may not be used (it wants CAP_NET_ADMIN and the "
                                 "host's PID namespace), so deliveries by dovecot-lda are not seen",
                    names_suffice_ ? "executables may not be read (CAP_SYS_PTRACE), so processes are "
                                     "trusted by their names"
                                   : "processes are trusted by their executables"));
    return {};
}

ProcessEvent ProcSource::event_of(const DovecotProcess& process, BootTime at) const {
    ProcessEvent event;
    event.process = process.key;
    event.parent_pid = process.parent_pid;
    event.role = process.role;
    event.at = at;
    return event;
}

void ProcSource::meet(const DovecotProcess& process, bool followed, const EventSink& sink) {
    auto [entry, is_new] = known_.try_emplace(process.key.pid, Known{process, {}, {}});
    Known& known = entry->second;
    if (!is_new && known.process.key == process.key) {
        return;
    }
    if (!is_new) {
        on_exit(process.key.pid, {0, true}, sink);
        return meet(process, followed, sink);
    }
    if (followed) {
        known.follow_until = boot_time_now() + follow_time;
        followed_.insert(process.key.pid);
        set_interval(follow_timer_, follow_step);
    }
    auto event = event_of(process, start_of(process.key));
    event.what = ExecEvent{!followed, {}};
    sink(event);
    look(known, sink);
}

// A title that is found by a poll may have stood since the poll before.
void ProcSource::look(Known& known, const EventSink& sink) {
    const auto now = boot_time_now();
    auto title = read_title(options_.proc, known.process.key.pid);
    if (!title || *title == known.title) {
        return;
    }
    known.title = *title;
    auto event = event_of(known.process, now);
    event.what = TitleEvent{std::move(*title), now > known.follow_until};
    sink(event);
}

void ProcSource::look_at_followed(const EventSink& sink) {
    const auto now = boot_time_now();
    for (auto pid = followed_.begin(); pid != followed_.end();) {
        const auto found = known_.find(*pid);
        if (found == known_.end() || now > found->second.follow_until) {
            pid = followed_.erase(pid);
            continue;
        }
        look(found->second, sink);
        ++pid;
    }
    if (followed_.empty()) {
        set_interval(follow_timer_, 0ns);
    }
}

void ProcSource::on_exec(std::int32_t pid, const EventSink& sink) {
    const auto comm = read_file(options_.proc / std::to_string(pid) / "comm");
    const auto name = comm ? comm->substr(0, comm->find('\n')) : std::string();
    if (name == lda_name) {
        return on_delivery(pid, sink);
    }
    const auto role = role_of_program(name);
    if (!role) {
        return;
    }
    const auto entry = read_process(options_.proc, pid);
    if (!entry || !masters_.contains(entry->parent_pid)) {
        return; // of an unknown master: the next poll finds both
    }
    if (runs_trusted(options_.proc, *entry, options_.master_uid, names_suffice_)) {
        meet({entry->key, entry->parent_pid, *role}, true, sink);
    }
}

// It execs itself once more behind doveconf, and is told again.
void ProcSource::on_delivery(std::int32_t pid, const EventSink& sink) {
    const auto entry = read_process(options_.proc, pid);
    if (!entry || !may_deliver(options_.proc, pid, options_.master_uid, options_.lda_uids, names_suffice_)) {
        return;
    }
    const auto before = known_.find(pid);
    if (before != known_.end() && before->second.process.key != entry->key) {
        on_exit(pid, {0, true}, sink);
    }
    const DovecotProcess process{entry->key, entry->parent_pid, ProcessRole::lda};
    known_.insert_or_assign(pid, Known{process, {}, {}});
    auto event = event_of(process, start_of(process.key));
    event.what = ExecEvent{false, read_file(options_.proc / std::to_string(pid) / "cmdline").value_or("")};
    sink(event);
}

// How dovecot-lda ended tells whether it delivered: one whose end was not seen is left to the next sweep.
void ProcSource::on_exit(std::int32_t pid, const ExitEvent& exit, const EventSink& sink) {
    const auto found = known_.find(pid);
    if (found == known_.end()) {
        return;
    }
    if (!exit.observed || found->second.process.role != ProcessRole::lda) {
        auto event = event_of(found->second.process, boot_time_now());
        event.what = exit;
        sink(event);
    }
    known_.erase(found);
}

Result<void> ProcSource::poll(const EventSink& sink) {
    polls_++;
    const auto entries = options_.list();
    if (!entries) {
        return tl::make_unexpected(entries.error());
    }
    const auto found = find_dovecot_processes(options_.proc, *entries, options_.master_uid, names_suffice_);
    masters_.clear();
    for (const auto& master : found.masters) {
        masters_.insert(master.pid);
    }
    std::unordered_set<std::int32_t> running;
    for (const auto& process : found.children) {
        running.insert(process.key.pid);
        meet(process, false, sink);
    }
    for (auto& [pid, known] : known_) {
        if (running.contains(pid)) {
            look(known, sink);
        }
    }
    bury_the_gone(*entries, sink);
    return {};
}

// A pid may be a later process's by now. How a process ended that did so since the last look at the connector
// stands there.
void ProcSource::bury_the_gone(const std::vector<ProcessEntry>& entries, const EventSink& sink) {
    std::unordered_map<std::int32_t, ProcessKey> listed;
    for (const auto& entry : entries) {
        listed.emplace(entry.key.pid, entry.key);
    }
    std::vector<ProcessKey> gone;
    for (const auto& [pid, known] : known_) {
        const auto now = listed.find(pid);
        if (now == listed.end() || now->second != known.process.key) {
            gone.push_back(known.process.key);
        }
    }
    hear(sink);
    for (const auto& key : gone) {
        const auto found = known_.find(key.pid);
        if (found != known_.end() && found->second.process.key == key) {
            on_exit(key.pid, {0, true}, sink);
        }
    }
}

void ProcSource::hear(const EventSink& sink) {
    if (!connector_) {
        return;
    }
    const bool complete = connector_->read([&](std::int32_t pid) { on_exec(pid, sink); },
                                           [&](std::int32_t pid, int status) {
                                               on_exit(pid, {status, false}, sink);
                                           });
    connector_losses_ += complete ? 0 : 1;
}

Result<void> ProcSource::drain(const EventSink& /*sink*/) {
    return {};
}

Result<void> ProcSource::attend(const EventSink& sink) {
    hear(sink);
    if (is_due(follow_timer_)) {
        look_at_followed(sink);
    }
    return is_due(poll_timer_) ? poll(sink) : Result<void>{};
}

Result<std::vector<ProcessKey>> ProcSource::sweep(const EventSink& sink) {
    if (auto polled = poll(sink); !polled) {
        return tl::make_unexpected(polled.error());
    }
    std::vector<ProcessKey> keys;
    for (const auto& [pid, known] : known_) {
        keys.push_back(known.process.key);
    }
    return keys;
}

std::vector<Counter> ProcSource::counters() const {
    return {
        {"monitor", "polls of /proc", polls_, false},
        {"kernel", "times the process connector dropped events", connector_losses_, true},
    };
}

} // namespace

Result<std::unique_ptr<Source>> start_proc_source(const ProcOptions& options) {
    auto source = std::make_unique<ProcSource>(options);
    if (auto opened = source->open_control(); !opened) {
        return tl::make_unexpected(opened.error());
    }
    return source;
}

} // namespace dovewatch
