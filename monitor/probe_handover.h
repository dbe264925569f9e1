// From probes that are replaced to their successors.
#pragma once

#include "monitor/process_event.h"

#include <vector>

namespace dovewatch {

// Both saw one occurrence where they tell the same at times that are no further apart: each takes the time
// for itself.
inline constexpr BootTime twin_distance = std::chrono::milliseconds(2);

// What happened, each event once and all in order. `older` and `newer`: what the replaced probes and their
// successors told from `both_since` on, when the successors were complete, and shortly before.
[[nodiscard]] std::vector<ProcessEvent> join_events(std::vector<ProcessEvent> older,
                                                    std::vector<ProcessEvent> newer, BootTime both_since);

} // namespace dovewatch
