// Which source the daemon uses.
#pragma once

#include "monitor/probe_loader.h"
#include "monitor/source.h"

#include <memory>
#include <optional>
#include <string_view>

namespace dovewatch {

enum class SourceKind {
    best,      // the first of these that works here; switch only for the masters that need it
    uprobe,    // kernel probes; titles by a probe on Dovecot's own function: sees all
    by_switch, // kernel probes; titles when a process goes to sleep: where the function cannot be found
    proc,      // polls /proc: needs no privilege, misses what is short
};

// "auto", "uprobe", "switch", "proc".
std::optional<SourceKind> parse_source_kind(std::string_view name);

// Says on the log which source works, and why not a better one. `stored`: how far the database has come.
[[nodiscard]] Result<std::unique_ptr<Source>> start_source(SourceKind kind, ProbeOptions options,
                                                           const std::optional<Checkpoint>& stored);

} // namespace dovewatch
