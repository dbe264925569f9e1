// The title probe for masters in whose library the title function cannot be found: it compares titles at
// sched_switch.
#pragma once

#include "monitor/library_probes.h"
#include "store/result.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>

#include "dovewatch.skel.h"

namespace dovewatch {

class SwitchProbe {
  public:
    // `skeleton` must outlive the object. With a folder for pins, a probe that is pinned there is in place
    // already, and a new one is pinned.
    SwitchProbe(const dovewatch_bpf& skeleton, const std::optional<std::filesystem::path>& pins);

    // From now on the titles of the master's new children are read at sched_switch; those that run are for
    // the caller to adopt. False where they are already, or the master is gone.
    [[nodiscard]] Result<bool> watch(std::int32_t master_pid);

    // The pid is another master's now.
    void forget(std::int32_t master_pid) { masters_.erase(master_pid); }

    bool watches(std::int32_t master_pid) const { return masters_.contains(master_pid); }
    std::size_t size() const { return masters_.size(); }

  private:
    [[nodiscard]] Result<void> attach();

    const dovewatch_bpf& skeleton_;
    std::optional<std::filesystem::path> pins_;
    std::set<std::int32_t> masters_;
    ProbeLink link_;
    bool attached_ = false;
};

} // namespace dovewatch
