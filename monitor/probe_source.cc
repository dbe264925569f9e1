#include "monitor/probe_source.h"

#include "monitor/clock.h"
#include "monitor/dovecot_processes.h"
#include "monitor/event_ring.h"
#include "monitor/log.h"
#include "monitor/probe_decoder.h"
#include "monitor/proc_files.h"
#include "monitor/title_probes.h"
#include "monitor/unique_fd.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "dovewatch.skel.h"
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

struct SkeletonDeleter {
    void operator()(dovewatch_bpf* skeleton) const { dovewatch_bpf::destroy(skeleton); }
};
using Skeleton = std::unique_ptr<dovewatch_bpf, SkeletonDeleter>;

struct CounterName {
    dw_counter number;
    const char* name;
    bool is_loss;
};
constexpr std::array<CounterName, DW_COUNTERS> counter_names{{
    {DW_COUNT_EXEC_ADMITTED, "processes started", false},
    {DW_COUNT_EXEC_REFUSED, "processes refused (not Dovecot's)", false},
    {DW_COUNT_TITLE_PASSED, "titles with news", false},
    {DW_COUNT_TITLE_UNCHANGED, "titles without news", false},
    {DW_COUNT_EXIT_PASSED, "processes ended", false},
    {DW_COUNT_LOST_EXEC_RING, "starts lost, ring buffer full", true},
    {DW_COUNT_LOST_TITLE_RING, "titles lost, ring buffer full", true},
    {DW_COUNT_LOST_EXIT_RING, "ends lost, ring buffer full", true},
    {DW_COUNT_LOST_STORAGE, "processes lost, no memory", true},
    {DW_COUNT_LOST_TITLE_READ, "titles lost, unreadable", true},
    {DW_COUNT_LOST_ARGV_READ, "arguments lost, unreadable", true},
}};

class ProbeSource final : public Source {
  public:
    ProbeSource(Skeleton skeleton, EventRing events, EventRing masters, const ProbeOptions& options)
        : options_(options), skeleton_(std::move(skeleton)), events_(std::move(events)),
          masters_(std::move(masters)), probes_(skeleton_->progs.on_title, options.proc) {}

    Result<void> open_control();

    std::string_view name() const override { return "uprobe"; }
    int events_fd() const override { return events_.fd(); }
    int control_fd() const override { return control_.get(); }
    Result<void> drain(const EventSink& sink) override;
    void release() override;
    Result<void> attend(const EventSink& sink) override;
    Result<std::vector<ProcessKey>> running() const override;
    std::vector<Counter> counters() const override;

  private:
    void take(std::span<const std::byte> record, const EventSink& sink);
    Result<DovecotProcesses> find_processes() const;
    std::set<std::int32_t> see_to_libraries();
    bool keep_waiting(std::int32_t master, BootTime since);
    void set_retry_timer();
    void adopt(const DovecotProcess& process, const EventSink& sink) const;

    ProbeOptions options_;
    Skeleton skeleton_;
    EventRing events_;
    EventRing masters_;
    TitleProbes probes_;
    UniqueFd control_;
    UniqueFd retry_timer_;
    std::map<std::int32_t, BootTime> waiting_masters_; // whose library has yet to be seen to; since when
    bool adopted_all_ = false;
    std::size_t ring_peak_ = 0;
    std::uint64_t malformed_records_ = 0;
    std::uint64_t unprobed_masters_ = 0;
};

Result<void> ProbeSource::open_control() {
    control_ = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
    retry_timer_ = UniqueFd(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
    for (const int fd : {masters_.fd(), retry_timer_.get()}) {
        epoll_event event{};
        event.events = EPOLLIN;
        if (epoll_ctl(control_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
            return failed(fmt::format("cannot wait for the probes: {}", std::strerror(errno)));
    }
    return {};
}

void ProbeSource::take(std::span<const std::byte> record, const EventSink& sink) {
    const auto decoded = decode_probe_record(record);
    if (!decoded)
        malformed_records_++;
    else if (const auto* master = std::get_if<MasterStarted>(&*decoded))
        waiting_masters_.emplace(master->pid, boot_time_now());
    else
        sink(std::get<ProcessEvent>(*decoded));
}

Result<void> ProbeSource::drain(const EventSink& sink) {
    ring_peak_ = std::max(ring_peak_, events_.used());
    events_.read([&](std::span<const std::byte> record) { take(record, sink); });
    return {};
}

void ProbeSource::release() {
    events_.release();
}

Result<DovecotProcesses> ProbeSource::find_processes() const {
    const auto entries = list_processes();
    if (!entries)
        return tl::make_unexpected(entries.error());
    return find_dovecot_processes(options_.proc, *entries, options_.master_uid);
}

// False once the master has its probe, or will never have one.
bool ProbeSource::keep_waiting(std::int32_t master, BootTime since) {
    if (boot_time_now() - since < library_patience &&
        std::filesystem::exists(options_.proc / std::to_string(master)))
        return true;
    if (std::filesystem::exists(options_.proc / std::to_string(master))) {
        unprobed_masters_++;
        log(Severity::warning,
            fmt::format("Dovecot master {} has no libdovecot.so mapped; its sessions cannot "
                        "be seen by this source",
                        master));
    }
    return false;
}

// Returns the masters whose library got its probe now.
std::set<std::int32_t> ProbeSource::see_to_libraries() {
    std::set<std::int32_t> attached;
    for (auto waiting = waiting_masters_.begin(); waiting != waiting_masters_.end();) {
        const auto [master, since] = *waiting;
        const auto outcome = probes_.attach(master);
        if (!outcome) {
            unprobed_masters_++;
            log(Severity::error, outcome.error().message);
        } else if (*outcome == TitleProbes::Outcome::attached) {
            attached.insert(master);
        }
        const bool keep = outcome == TitleProbes::Outcome::not_mapped && keep_waiting(master, since);
        waiting = keep ? std::next(waiting) : waiting_masters_.erase(waiting);
    }
    return attached;
}

void ProbeSource::set_retry_timer() {
    itimerspec when{};
    if (!waiting_masters_.empty())
        when.it_value.tv_nsec = library_retry.count();
    timerfd_settime(retry_timer_.get(), 0, &when, nullptr);
}

// Tells whether the process was new to the probes. No value where it is gone.
std::optional<bool> watch(int processes_map, const std::filesystem::path& proc,
                          const DovecotProcess& process) {
    const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, process.key.pid, 0)));
    if (!pidfd || read_start_ticks(proc, process.key.pid) != process.key.start_ticks)
        return std::nullopt;
    const int key = pidfd.get();
    dw_process state{};
    state.parent_pid = static_cast<__u32>(process.parent_pid);
    state.role = probe_role(process.role);
    const int error = bpf_map_update_elem(processes_map, &key, &state, BPF_NOEXIST);
    if (error != 0 && error != -EEXIST)
        return std::nullopt;
    return error == 0;
}

// The title is read before the process is watched and once more after, so that a change in between is
// seen; one that follows comes as an event, stamped later.
void ProbeSource::adopt(const DovecotProcess& process, const EventSink& sink) const {
    ProcessEvent event{process.key, process.parent_pid, process.role, boot_time_now(), {}};
    auto title = read_title(options_.proc, process.key.pid);
    const auto is_new = watch(bpf_map__fd(skeleton_->maps.processes), options_.proc, process);
    if (!is_new)
        return;
    if (auto again = read_title(options_.proc, process.key.pid))
        title = std::move(again);
    if (*is_new) {
        const BootTime started = std::chrono::milliseconds(10 * process.key.start_ticks);
        sink({process.key, process.parent_pid, process.role, started, ExecEvent{true, {}}});
    }
    if (title) {
        event.what = TitleEvent{std::move(*title)};
        sink(event);
    }
}

Result<void> ProbeSource::attend(const EventSink& sink) {
    std::uint64_t expirations = 0;
    [[maybe_unused]] const auto got = read(retry_timer_.get(), &expirations, sizeof(expirations));
    masters_.read([&](std::span<const std::byte> record) { take(record, sink); });
    masters_.release();
    Result<DovecotProcesses> found;
    if (!adopted_all_) {
        found = find_processes();
        if (!found)
            return tl::make_unexpected(found.error());
        for (const auto& master : found->masters)
            waiting_masters_.emplace(master.pid, boot_time_now());
    }
    const auto attached = see_to_libraries();
    set_retry_timer();
    if (adopted_all_ && attached.empty())
        return {};
    // Taken again behind the probes: what began since then is either seen by them or found now.
    found = find_processes();
    if (!found)
        return tl::make_unexpected(found.error());
    if (auto drained = drain(sink); !drained)
        return drained;
    for (const auto& process : found->children)
        if (!adopted_all_ || attached.contains(process.parent_pid))
            adopt(process, sink);
    adopted_all_ = true;
    return {};
}

Result<std::vector<ProcessKey>> ProbeSource::running() const {
    const auto found = find_processes();
    if (!found)
        return tl::make_unexpected(found.error());
    std::vector<ProcessKey> keys;
    for (const auto& process : found->children)
        keys.push_back(process.key);
    return keys;
}

std::vector<Counter> ProbeSource::counters() const {
    const auto cpus = static_cast<std::size_t>(std::max(libbpf_num_possible_cpus(), 1));
    std::vector<std::uint64_t> values(cpus);
    std::vector<Counter> counters;
    for (const auto& [number, name, is_loss] : counter_names) {
        const auto key = static_cast<__u32>(number);
        if (bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.counters), &key, values.data()) != 0)
            continue;
        counters.push_back(
            {"kernel", name, std::accumulate(values.begin(), values.end(), std::uint64_t{0}), is_loss});
    }
    counters.push_back({"kernel", "ring buffer bytes", events_.size(), false});
    counters.push_back({"kernel", "ring buffer bytes used at most", ring_peak_, false});
    counters.push_back({"monitor", "Dovecot libraries probed", probes_.size(), false});
    counters.push_back({"monitor", "Dovecot masters without a probe", unprobed_masters_, true});
    counters.push_back({"monitor", "malformed probe records", malformed_records_, true});
    return counters;
}

// libbpf tells why a load failed in its messages alone; the last one is the cause.
std::string last_libbpf_message;

int keep_libbpf_message(libbpf_print_level level, const char* format, va_list arguments) {
    if (level != LIBBPF_WARN)
        return 0;
    char message[512];
    const int size = vsnprintf(message, sizeof(message), format, arguments);
    if (size > 0 && last_libbpf_message.empty())
        last_libbpf_message.assign(message, std::min(static_cast<std::size_t>(size), sizeof(message) - 1));
    while (last_libbpf_message.ends_with('\n'))
        last_libbpf_message.pop_back();
    return 0;
}

tl::unexpected<Error> load_error(int code) {
    const int cause = code < 0 ? -code : code;
    std::string mend = "the kernel must be 5.11 or later, with BTF (CONFIG_DEBUG_INFO_BTF)";
    if (cause == EPERM || cause == EACCES)
        mend = "run dovewatchd as root or with CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE";
    return failed(fmt::format("cannot load the kernel probes: {} ({}); {}", std::strerror(cause),
                              last_libbpf_message, mend));
}

Result<Skeleton> load_probes(const ProbeOptions& options) {
    libbpf_set_print(keep_libbpf_message);
    Skeleton skeleton(dovewatch_bpf::open());
    if (!skeleton)
        return load_error(errno);
    skeleton->rodata->master_uid = options.master_uid;
    const auto lda_uids = std::min(options.lda_uids.size(), std::size(skeleton->rodata->lda_uids));
    std::copy_n(options.lda_uids.begin(), lda_uids, skeleton->rodata->lda_uids);
    skeleton->rodata->lda_uid_count = static_cast<__u32>(lda_uids);
    bpf_map__set_max_entries(skeleton->maps.events, static_cast<__u32>(options.ring_bytes));
    if (const int error = dovewatch_bpf::load(skeleton.get()))
        return load_error(error);
    for (auto [program, link] : {std::pair{skeleton->progs.on_exit, &skeleton->links.on_exit},
                                 std::pair{skeleton->progs.on_exec, &skeleton->links.on_exec}}) {
        *link = bpf_program__attach(program);
        if (!*link)
            return load_error(errno);
    }
    return skeleton;
}

} // namespace

Result<std::unique_ptr<Source>> start_probe_source(const ProbeOptions& options) {
    auto skeleton = load_probes(options);
    if (!skeleton)
        return tl::make_unexpected(skeleton.error());
    auto events = EventRing::open(bpf_map__fd((*skeleton)->maps.events));
    auto masters = EventRing::open(bpf_map__fd((*skeleton)->maps.masters));
    for (const auto* ring : {&events, &masters})
        if (!*ring)
            return tl::make_unexpected(ring->error());
    auto source =
        std::make_unique<ProbeSource>(std::move(*skeleton), std::move(*events), std::move(*masters), options);
    if (auto opened = source->open_control(); !opened)
        return tl::make_unexpected(opened.error());
    return source;
}

} // namespace dovewatch
