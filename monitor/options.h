// The daemon's settings, from the command line and the configuration file.
#pragma once

#include "monitor/source_choice.h"
#include "store/result.h"
#include "store/retention.h"
#include "store/service_class.h"

#include <chrono>
#include <filesystem>
#include <iosfwd>
#include <optional>

namespace dovewatch {

struct DaemonOptions {
    std::filesystem::path database;
    std::chrono::milliseconds commit_interval{};
    Classifier classifier;
    RetentionPolicy retention;
    SourceKind source = SourceKind::best;
    ProbeOptions probes;
    bool unload = false; // remove what an earlier daemon left in the kernel, and end
};

// No value where --help or --version was asked for and answered on `out`. An error is a usage error of one
// line.
[[nodiscard]] Result<std::optional<DaemonOptions>> parse_daemon_options(int argc, const char* const* argv,
                                                                        std::ostream& out);

} // namespace dovewatch
