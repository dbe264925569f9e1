#include "monitor/probe_source.h"

#include "monitor/clock.h"
#include "monitor/dovecot_processes.h"
#include "monitor/probe_counters.h"
#include "monitor/probe_decoder.h"
#include "monitor/probe_handover.h"
#include "monitor/probe_vigil.h"
#include "monitor/proc_files.h"
#include "monitor/switch_probe.h"
#include "store/log.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

namespace dovewatch {

namespace {

using namespace std::chrono_literals;

// A new master maps its library about a millisecond after its exec.
constexpr std::chrono::nanoseconds library_retry = 2ms;
constexpr std::chrono::nanoseconds library_patience = 5s;

// What /proc shows of a process.
struct Observation {
    ProcessEvent exec;
    ProcessEvent title; // `at`: before it was read
    bool has_title = false;
};

class ProbeSource final : public Source {
  public:
    ProbeSource(LoadedProbes probes, EventRing events, EventRing masters, const ProbeOptions& options)
        : options_(options), probes_(std::move(probes)), events_(std::move(events)),
          masters_(std::move(masters)),
          library_probes_(*probes_.skeleton, options.proc, probes_.pins, std::move(probes_.library_links)),
          switch_probe_(*probes_.skeleton, probes_.pins) {}

    Result<void> open_control();

    std::string_view name() const override;
    int events_fd() const override { return events_.fd(); }
    int control_fd() const override { return control_.get(); }
    Result<void> drain(const EventSink& sink) override;
    void release() override;
    Result<void> attend(const EventSink& sink) override;
    Result<std::vector<ProcessKey>> sweep(const EventSink& sink) override;
    std::optional<SourcePosition> position() const override;
    void resume(const SourcePosition& stored) override;
    Result<void> retire() override;
    std::uint64_t lost() const override;
    std::vector<Counter> counters() const override;

  private:
    using Masters = std::set<std::int32_t>;

    std::vector<Counter> kernel_counters() const;
    void take(std::span<const std::byte> record, const EventSink& sink);
    void drain_replaced(const EventSink& sink);
    Result<DovecotProcesses> find_processes();
    ProbeLook look_now() const;
    Result<void> check_sight(const ProbeLook& now, const std::vector<DovecotProcess>& running);
    Masters see_to_libraries();
    LibraryProbes::Outcome see_to_library(std::int32_t master, BootTime since);
    LibraryProbes::Outcome without_title_function(std::int32_t master, const std::string& cause);
    void set_retry_timer();
    std::optional<Observation> observe(const DovecotProcess& process) const;
    Result<void> adopt(const std::vector<DovecotProcess>& processes, const EventSink& sink);

    ProbeOptions options_;
    LoadedProbes probes_;
    EventRing events_;
    EventRing masters_;
    LibraryProbes library_probes_;
    SwitchProbe switch_probe_;
    UniqueFd control_;
    UniqueFd retry_timer_;
    std::map<std::int32_t, BootTime> waiting_masters_; // whose library has yet to be seen to; since when
    std::optional<BootTime> complete_since_;           // all libraries in use have their probes
    std::vector<Counter> replaced_losses_;
    bool replaced_drained_ = false;
    std::size_t ring_peak_ = 0;
    std::uint64_t malformed_records_ = 0;
    std::optional<ProbeLook> last_look_;
    std::uint64_t failed_looks_ = 0;
    bool looks_fail_ = false;
    std::set<ProcessKey> unprobed_masters_;
};

Result<void> ProbeSource::open_control() {
    control_ = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
    retry_timer_ = UniqueFd(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
    for (const int fd : {masters_.fd(), retry_timer_.get()}) {
        epoll_event event{};
        event.events = EPOLLIN;
        if (epoll_ctl(control_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
            return failed(fmt::format("cannot wait for the probes: {}", std::strerror(errno)));
        }
    }
    return {};
}

void ProbeSource::take(std::span<const std::byte> record, const EventSink& sink) {
    const auto decoded = decode_probe_record(record);
    if (!decoded) {
        malformed_records_++;
    } else if (const auto* master = std::get_if<MasterStarted>(&*decoded)) {
        switch_probe_.forget(master->pid);
        waiting_masters_.emplace(master->pid, boot_time_now());
    } else {
        sink(std::get<ProcessEvent>(*decoded));
    }
}

// Once: what comes later the new probes see. Those that are replaced stay until that is stored.
void ProbeSource::drain_replaced(const EventSink& sink) {
    const auto both_since = complete_since_.value_or(boot_time_now());
    std::vector<ProcessEvent> older;
    std::vector<ProcessEvent> newer;
    const EventSink take_older = [&](const ProcessEvent& event) {
        event.at < both_since - twin_distance ? sink(event) : older.push_back(event);
    };
    const EventSink take_newer = [&](const ProcessEvent& event) { newer.push_back(event); };
    probes_.replaced->ring.read([&](std::span<const std::byte> record) { take(record, take_older); });
    events_.read([&](std::span<const std::byte> record) { take(record, take_newer); });
    for (const auto& event : join_events(std::move(older), std::move(newer), both_since)) {
        sink(event);
    }
    replaced_losses_ = read_probe_counters(probes_.replaced->counters.get());
    std::erase_if(replaced_losses_, [](const Counter& counter) { return !counter.is_loss; });
}

Result<void> ProbeSource::drain(const EventSink& sink) {
    if (probes_.replaced && !std::exchange(replaced_drained_, true)) {
        drain_replaced(sink);
    }
    ring_peak_ = std::max(ring_peak_, events_.used());
    events_.read([&](std::span<const std::byte> record) { take(record, sink); });
    return {};
}

void ProbeSource::release() {
    events_.release();
    if (!std::exchange(replaced_drained_, false)) {
        return;
    }
    const auto pins = probes_.replaced->pins;
    probes_.replaced.reset();
    if (const auto removed = remove_pins(pins); !removed) {
        log(Severity::warning, removed.error().message);
    }
}

std::optional<SourcePosition> ProbeSource::position() const {
    return SourcePosition{probes_.ring_id, events_.position()};
}

void ProbeSource::resume(const SourcePosition& stored) {
    if (stored.source_id == probes_.ring_id) {
        events_.skip_to(stored.position);
    } else if (probes_.replaced && stored.source_id == probes_.replaced->ring_id) {
        probes_.replaced->ring.skip_to(stored.position);
    }
}

Result<void> ProbeSource::retire() {
    if (!probes_.pins) {
        return {};
    }
    return remove_pins(*probes_.pins).map([](bool) {});
}

// The probes work without it, and no other source works better; so where it fails it is tried again soon.
Result<DovecotProcesses> ProbeSource::find_processes() {
    const auto entries = list_processes();
    if (!entries) {
        failed_looks_++;
        if (!std::exchange(looks_fail_, true)) {
            log(Severity::error,
                fmt::format("{}; the probes go on, and this is tried again", entries.error().message));
        }
        return unavailable(entries.error().message);
    }
    looks_fail_ = false;
    return find_dovecot_processes(options_.proc, *entries, options_.master_uid);
}

ProbeLook ProbeSource::look_now() const {
    const auto execs = execs_seen(bpf_map__fd(probes_.skeleton->maps.counters));
    return {boot_time_now(), execs};
}

std::string_view ProbeSource::name() const {
    if (options_.titles_by_switch) {
        return "switch";
    }
    return switch_probe_.size() == 0 ? "uprobe" : "uprobe and switch";
}

LibraryProbes::Outcome ProbeSource::without_title_function(std::int32_t master, const std::string& cause) {
    if (switch_probe_.watches(master)) {
        return LibraryProbes::Outcome::known;
    }
    const bool may_switch = options_.titles_by_switch || options_.falls_back_to_switch;
    const auto watched = may_switch ? switch_probe_.watch(master) : Result<bool>(false);
    if (!watched || !may_switch) {
        const auto stat = read_stat(options_.proc, master);
        if (stat && unprobed_masters_.insert({master, stat->start_ticks}).second) {
            log(Severity::error, fmt::format("{}; sessions of Dovecot master {} are not seen{}", cause,
                                             master, watched ? "" : ": " + watched.error().message));
        }
        return LibraryProbes::Outcome::known;
    }
    if (!options_.titles_by_switch) {
        log(Severity::warning,
            fmt::format("{}; titles of Dovecot master {} are read when its processes go to sleep, "
                        "which misses some short sessions",
                        cause, master));
    }
    return *watched ? LibraryProbes::Outcome::attached : LibraryProbes::Outcome::known;
}

LibraryProbes::Outcome ProbeSource::see_to_library(std::int32_t master, BootTime since) {
    if (options_.titles_by_switch) {
        return without_title_function(master, "");
    }
    const auto outcome = library_probes_.attach(master);
    if (!outcome) {
        return without_title_function(master, outcome.error().message);
    }
    if (*outcome != LibraryProbes::Outcome::not_mapped || boot_time_now() - since < library_patience) {
        return *outcome;
    }
    return without_title_function(master,
                                  fmt::format("Dovecot master {} has mapped no libdovecot.so", master));
}

// Returns the masters whose titles are seen from now on.
ProbeSource::Masters ProbeSource::see_to_libraries() {
    Masters attached;
    for (auto waiting = waiting_masters_.begin(); waiting != waiting_masters_.end();) {
        const auto [master, since] = *waiting;
        const bool lives = std::filesystem::exists(options_.proc / std::to_string(master));
        const auto outcome = lives ? see_to_library(master, since) : LibraryProbes::Outcome::known;
        if (outcome == LibraryProbes::Outcome::attached) {
            attached.insert(master);
        }
        const bool keep = outcome == LibraryProbes::Outcome::not_mapped;
        waiting = keep ? std::next(waiting) : waiting_masters_.erase(waiting);
    }
    set_retry_timer();
    return attached;
}

void ProbeSource::set_retry_timer() {
    itimerspec when{};
    if (!waiting_masters_.empty()) {
        when.it_value.tv_nsec = library_retry.count();
    }
    timerfd_settime(retry_timer_.get(), 0, &when, nullptr);
}

// The state of a process in the kernel; the process is watched from now on if it was not. No value where it
// is gone.
std::optional<dw_process> watch(int processes_map, const std::filesystem::path& proc,
                                const DovecotProcess& process, __u8 flags) {
    const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, process.key.pid, 0)));
    const auto stat = read_stat(proc, process.key.pid);
    if (!pidfd || !stat || stat->start_ticks != process.key.start_ticks) {
        return std::nullopt;
    }
    const int key = pidfd.get();
    dw_process state{};
    state.parent_pid = static_cast<__u32>(process.parent_pid);
    state.role = probe_role(process.role);
    state.flags = flags;
    const int error = bpf_map_update_elem(processes_map, &key, &state, BPF_NOEXIST);
    if (error == -EEXIST && bpf_map_lookup_elem(processes_map, &key, &state) == 0) {
        if ((state.flags & flags) != flags) { // it began before its master was known to need them
            state.flags |= flags;
            bpf_map_update_elem(processes_map, &key, &state, BPF_EXIST);
        }
        return state;
    }
    return error == 0 ? std::optional(state) : std::nullopt;
}

// The title is read before the process is watched and once more after, so that a change in between is seen;
// one that follows comes as an event, stamped later.
std::optional<Observation> ProbeSource::observe(const DovecotProcess& process) const {
    const auto observed_at = boot_time_now();
    auto title = read_title(options_.proc, process.key.pid);
    const __u8 flags = switch_probe_.watches(process.parent_pid) ? DW_FLAG_BY_SWITCH : 0;
    const auto state = watch(bpf_map__fd(probes_.skeleton->maps.processes), options_.proc, process, flags);
    if (!state) {
        return std::nullopt;
    }
    if (auto again = read_title(options_.proc, process.key.pid)) {
        title = std::move(again);
    }
    Observation observation;
    observation.exec.process = process.key;
    observation.exec.parent_pid = process.parent_pid;
    observation.exec.role = process.role;
    observation.exec.staged = (state->flags & DW_FLAG_STAGED) != 0;
    observation.exec.at = start_of(process.key);
    observation.exec.what = ExecEvent{true, {}};
    observation.title = observation.exec;
    observation.title.at = observed_at;
    observation.title.what = TitleEvent{title.value_or(""), true};
    observation.has_title = title.has_value();
    return observation;
}

void tell(const Observation& observation, const EventSink& sink) {
    sink(observation.exec);
    if (observation.has_title) {
        sink(observation.title);
    }
}

// Whether the event tells, with its exact time, what was observed.
bool tells_the_same(const ProcessEvent& event, const Observation& observation) {
    const auto* title = std::get_if<TitleEvent>(&event.what);
    return title && title->text == std::get<TitleEvent>(observation.title.what).text;
}

// Events that wait may be older or newer than what was observed of their process; each comes at its place.
Result<void> ProbeSource::adopt(const std::vector<DovecotProcess>& processes, const EventSink& sink) {
    std::map<ProcessKey, Observation> observations;
    for (const auto& process : processes) {
        if (auto observation = observe(process)) {
            observations.emplace(process.key, std::move(*observation));
        }
    }
    auto drained = drain([&](const ProcessEvent& event) {
        const auto found = observations.find(event.process);
        if (found != observations.end() && event.at > found->second.title.at) {
            found->second.has_title = found->second.has_title && !tells_the_same(event, found->second);
            tell(found->second, sink);
            observations.erase(found);
        }
        sink(event);
    });
    for (const auto& [key, observation] : observations) {
        tell(observation, sink);
    }
    return drained;
}

Result<void> ProbeSource::attend(const EventSink& sink) {
    std::uint64_t expirations = 0;
    [[maybe_unused]] const auto got = read(retry_timer_.get(), &expirations, sizeof(expirations));
    masters_.read([&](std::span<const std::byte> record) { take(record, sink); });
    masters_.release();
    const auto attached = see_to_libraries();
    if (attached.empty()) {
        return {};
    }
    const auto found = find_processes();
    if (!found) {
        return drain(sink);
    }
    auto children = found->children;
    std::erase_if(children, [&](const auto& process) { return !attached.contains(process.parent_pid); });
    return adopt(children, sink);
}

Result<void> ProbeSource::check_sight(const ProbeLook& now, const std::vector<DovecotProcess>& running) {
    const auto before = std::exchange(last_look_, now);
    const auto unseen = before ? unseen_starts(*before, now, running) : std::vector<ProcessKey>();
    if (unseen.empty()) {
        return {};
    }
    return failed(
        fmt::format("the kernel probes see nothing: {} processes of Dovecot began unseen, such as {}",
                    unseen.size(), unseen.front().pid));
}

Result<std::vector<ProcessKey>> ProbeSource::sweep(const EventSink& sink) {
    const auto now = look_now();
    auto found = find_processes();
    if (!found) {
        return tl::make_unexpected(found.error());
    }
    for (const auto& master : found->masters) {
        waiting_masters_.emplace(master.pid, boot_time_now());
    }
    see_to_libraries();
    complete_since_ = boot_time_now();
    // Taken again behind the probes: what began since then is either seen by them or found now.
    found = find_processes();
    if (!found) {
        return tl::make_unexpected(found.error());
    }
    if (auto adopted = adopt(found->children, sink); !adopted) {
        return tl::make_unexpected(adopted.error());
    }
    if (auto seeing = check_sight(now, found->children); !seeing) {
        return tl::make_unexpected(seeing.error());
    }
    return std::move(found->all);
}

// Without the masters that have no probe: no sweep finds what their sessions told between two sweeps.
std::uint64_t ProbeSource::lost() const {
    std::uint64_t lost = malformed_records_ + failed_looks_;
    for (const auto& counter : kernel_counters()) {
        lost += counter.is_loss ? counter.value : 0;
    }
    return lost;
}

std::vector<Counter> ProbeSource::kernel_counters() const {
    auto counters = read_probe_counters(bpf_map__fd(probes_.skeleton->maps.counters));
    add_losses(counters, replaced_losses_);
    return counters;
}

std::vector<Counter> ProbeSource::counters() const {
    auto counters = kernel_counters();
    counters.push_back({"kernel", std::string(ring_bytes_counter), events_.size(), false});
    counters.push_back({"kernel", std::string(ring_peak_counter), ring_peak_, false});
    counters.push_back({"monitor", "Dovecot libraries probed", library_probes_.size(), false});
    counters.push_back({"monitor", "Dovecot masters watched at sched_switch", switch_probe_.size(), false});
    counters.push_back({"monitor", "Dovecot masters without a probe", unprobed_masters_.size(), true});
    counters.push_back({"monitor", "malformed probe records", malformed_records_, true});
    counters.push_back({"monitor", "looks at all processes that failed", failed_looks_, false});
    return counters;
}

} // namespace

Result<std::unique_ptr<Source>> start_probe_source(const ProbeOptions& options) {
    auto probes = load_probes(options);
    if (!probes) {
        return tl::make_unexpected(probes.error());
    }
    auto events = EventRing::open(bpf_map__fd(probes->skeleton->maps.events));
    auto masters = EventRing::open(bpf_map__fd(probes->skeleton->maps.masters));
    for (const auto* ring : {&events, &masters}) {
        if (!*ring) {
            return tl::make_unexpected(ring->error());
        }
    }
    auto source =
        std::make_unique<ProbeSource>(std::move(*probes), std::move(*events), std::move(*masters), options);
    if (auto opened = source->open_control(); !opened) {
        return tl::make_unexpected(opened.error());
    }
    return source;
}

} // namespace dovewatch
