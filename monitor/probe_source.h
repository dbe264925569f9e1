// Process events from the kernel probes (bpf/dovewatch.bpf.c).
#pragma once

#include "monitor/source.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include <sys/types.h>

namespace dovewatch {

struct ProbeOptions {
    std::size_t ring_bytes = 8U << 20; // a power of two, at least a page
    uid_t master_uid = 0;
    std::vector<uid_t> lda_uids;
    std::filesystem::path proc = "/proc";
};

// Loads and attaches the probes. From then on nothing is missed; `attend` must be called once before the
// first `drain` so that what ran before is adopted.
//
// Needs CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and (for libraries in containers) CAP_SYS_ADMIN, and a kernel of
// 5.11 or later with BTF.
[[nodiscard]] Result<std::unique_ptr<Source>> start_probe_source(const ProbeOptions& options);

} // namespace dovewatch
