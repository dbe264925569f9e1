#include "monitor/process_table.h"

#include <array>
#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <libproc2/pids.h>

namespace dovewatch {

namespace {

std::array<pids_item, 5> items{PIDS_ID_TGID, PIDS_ID_PPID, PIDS_ID_EUID, PIDS_TICS_BEGAN, PIDS_CMD};

struct Unref {
    void operator()(pids_info* info) const { procps_pids_unref(&info); }
};

ProcessEntry to_entry(const pids_stack& stack) {
    const auto* values = stack.head; // in the order of `items`
    ProcessEntry entry;
    entry.key = {values[0].result.s_int, static_cast<std::int64_t>(values[3].result.ull_int)};
    entry.parent_pid = values[1].result.s_int;
    entry.effective_uid = values[2].result.u_int;
    entry.name = values[4].result.str;
    return entry;
}

} // namespace

Result<std::vector<ProcessEntry>> list_processes() {
    pids_info* raw = nullptr;
    const int error = procps_pids_new(&raw, items.data(), static_cast<int>(items.size()));
    if (error < 0) {
        return failed(fmt::format("cannot read /proc: {}; is it mounted?", std::strerror(-error)));
    }
    const std::unique_ptr<pids_info, Unref> info(raw);
    const auto* fetched = procps_pids_reap(info.get(), PIDS_FETCH_TASKS_ONLY);
    if (!fetched) {
        return failed("cannot list the processes in /proc; is it mounted?");
    }
    std::vector<ProcessEntry> entries;
    entries.reserve(static_cast<std::size_t>(fetched->counts->total));
    for (int i = 0; i < fetched->counts->total; i++) {
        entries.push_back(to_entry(*fetched->stacks[i]));
    }
    return entries;
}

} // namespace dovewatch
