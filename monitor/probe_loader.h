// Loads and attaches the kernel probes, or takes over those that an earlier daemon has pinned.
#pragma once

#include "monitor/event_ring.h"
#include "monitor/library_probes.h"
#include "store/result.h"
#include "store/unique_fd.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dovewatch.skel.h"
#include <sys/types.h>

namespace dovewatch {

struct ProbeOptions {
    std::size_t ring_bytes = 8U << 20; // a power of two, at least a page
    uid_t master_uid = 0;
    bool titles_by_switch = false;             // sched_switch instead of Dovecot's title function
    bool falls_back_to_switch = true;          // for masters in whose library that function cannot be found
    std::vector<uid_t> lda_uids;               // at most DW_LDA_UIDS_MAX count
    std::optional<std::filesystem::path> pins; // a folder in bpffs; none: the probes end with the daemon
    std::filesystem::path proc = "/proc";
};

struct SkeletonDeleter {
    void operator()(dovewatch_bpf* skeleton) const { dovewatch_bpf::destroy(skeleton); }
};
using Skeleton = std::unique_ptr<dovewatch_bpf, SkeletonDeleter>;

// Probes that are being replaced because they were set up otherwise. They go on until both this is gone and
// its pins are removed, so that nothing is missed while their successors are put in place.
struct ReplacedProbes {
    std::filesystem::path pins;
    std::vector<ProbeLink> links;
    UniqueFd counters; // the map
    UniqueFd events;
    EventRing ring;
    std::string ring_id;
};

struct LoadedProbes {
    Skeleton skeleton;
    std::vector<ProbeLink> links;              // those of on_exit and on_exec, and on_switch if taken over
    std::vector<ProbeLink> library_links;      // that were taken over
    std::optional<std::filesystem::path> pins; // as asked for, unless bpffs cannot be had
    std::optional<ReplacedProbes> replaced;
    std::string ring_id;
};

// Needs CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, for pins and for libraries in containers CAP_SYS_ADMIN, and a
// kernel of 5.13 or later with BTF (task storage in tracing programs). Without bpffs it warns and goes on
// unpinned. What is pinned must be
// settled (settle_pins).
[[nodiscard]] Result<LoadedProbes> load_probes(const ProbeOptions& options);

} // namespace dovewatch
