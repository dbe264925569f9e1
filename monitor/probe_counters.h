// The counters of the kernel probes.
#pragma once

#include "store/model.h"

#include <cstdint>
#include <vector>

namespace dovewatch {

// `map_fd`: the map `counters`. Summed over the processors.
std::vector<Counter> read_probe_counters(int map_fd);

// How many programs named like Dovecot's the probe on exec has seen start, whether it admitted them or not.
[[nodiscard]] std::uint64_t execs_seen(int map_fd);

// Adds the losses in `earlier`, of a source whose place `counters`' one has taken.
void add_losses(std::vector<Counter>& counters, const std::vector<Counter>& earlier);

} // namespace dovewatch
