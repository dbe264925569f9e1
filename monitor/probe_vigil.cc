#include "monitor/probe_vigil.h"

#include "monitor/clock.h"

namespace dovewatch {

std::vector<ProcessKey> unseen_starts(const ProbeLook& before, const ProbeLook& now,
                                      const std::vector<DovecotProcess>& running) {
    std::vector<ProcessKey> unseen;
    if (before.execs_seen != now.execs_seen) {
        return unseen;
    }
    for (const auto& process : running) {
        const auto start = start_of(process.key);
        if (start > before.at && start + std::chrono::seconds(1) < now.at) {
            unseen.push_back(process.key);
        }
    }
    return unseen;
}

} // namespace dovewatch
