#include "monitor/probe_counters.h"

#include "bpf/probe_event.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

namespace dovewatch {

namespace {

struct CounterName {
    dw_counter number;
    const char* name;
    bool is_loss;
};

constexpr std::array<CounterName, DW_COUNTERS> counter_names{{
    {DW_COUNT_EXEC_ADMITTED, "processes started", false},
    {DW_COUNT_EXEC_REFUSED, "processes refused, not Dovecot's", false},
    {DW_COUNT_TITLE_PASSED, "titles with news", false},
    {DW_COUNT_TITLE_UNCHANGED, "titles without news", false},
    {DW_COUNT_LOGOUT_PASSED, "logout lines", false},
    {DW_COUNT_EXIT_PASSED, "processes ended", false},
    {DW_COUNT_LOST_EXEC_RING, "starts lost, ring buffer full", true},
    {DW_COUNT_LOST_TITLE_RING, "titles lost, ring buffer full", true},
    {DW_COUNT_LOST_LOGOUT_RING, "logout lines lost, ring buffer full", true},
    {DW_COUNT_LOST_EXIT_RING, "ends lost, ring buffer full", true},
    {DW_COUNT_LOST_STORAGE, "processes lost, no memory", true},
    {DW_COUNT_LOST_TITLE_READ, "titles lost, unreadable", true},
    {DW_COUNT_LOST_LOGOUT_READ, "logout lines lost, unreadable", true},
    {DW_COUNT_LOST_ARGV_READ, "arguments lost, unreadable", true},
}};

std::optional<std::uint64_t> read_counter(int map_fd, dw_counter number) {
    std::vector<std::uint64_t> values(static_cast<std::size_t>(std::max(libbpf_num_possible_cpus(), 1)));
    const auto key = static_cast<__u32>(number);
    if (bpf_map_lookup_elem(map_fd, &key, values.data()) != 0) {
        return std::nullopt;
    }
    return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
}

} // namespace

std::vector<Counter> read_probe_counters(int map_fd) {
    std::vector<Counter> counters;
    for (const auto& [number, name, is_loss] : counter_names) {
        if (const auto value = read_counter(map_fd, number)) {
            counters.push_back({"kernel", name, *value, is_loss});
        }
    }
    return counters;
}

std::uint64_t execs_seen(int map_fd) {
    return read_counter(map_fd, DW_COUNT_EXEC_ADMITTED).value_or(0) +
           read_counter(map_fd, DW_COUNT_EXEC_REFUSED).value_or(0);
}

void add_losses(std::vector<Counter>& counters, const std::vector<Counter>& earlier) {
    for (const auto& loss : earlier) {
        const auto same = std::find_if(counters.begin(), counters.end(), [&](const Counter& counter) {
            return counter.stage == loss.stage && counter.name == loss.name;
        });
        if (!loss.is_loss || loss.value == 0) {
            continue;
        }
        if (same != counters.end()) {
            same->value += loss.value;
        } else {
            counters.push_back(loss);
        }
    }
}

} // namespace dovewatch
