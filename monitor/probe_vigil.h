// Whether the kernel probes see anything at all.
#pragma once

#include "monitor/dovecot_processes.h"

#include <cstdint>
#include <vector>

namespace dovewatch {

// One look at all processes, and how many programs the exec probe had seen start just before `at`.
struct ProbeLook {
    BootTime at{};
    std::uint64_t execs_seen = 0;
};

// The processes that began between the two looks, where the probe saw no program start at all meanwhile; none
// where the probe works. What began within a second before `now` does not count: its exec may be to come.
[[nodiscard]] std::vector<ProcessKey> unseen_starts(const ProbeLook& before, const ProbeLook& now,
                                                    const std::vector<DovecotProcess>& running);

} // namespace dovewatch
