// Process events from the kernel probes (bpf/dovewatch.bpf.c).
#pragma once

#include "monitor/probe_loader.h"
#include "monitor/source.h"

#include <memory>

namespace dovewatch {

// From now on nothing is missed; `sweep` must be called once so that what ran before is adopted. For what it
// needs see load_probes.
[[nodiscard]] Result<std::unique_ptr<Source>> start_probe_source(const ProbeOptions& options);

} // namespace dovewatch
