// The command line and configuration of dovewatch-export.
#pragma once

#include "exporters/exporter_loop.h"
#include "store/result.h"

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include <boost/program_options.hpp>

namespace dovewatch {

enum class ExportMode {
    service, // all that is configured, until it is stopped
    once,    // catch up, and end
    replay,  // send again what changed since `since`
    skip,    // leave out what the store has already
};

struct ExportOptions {
    ExportMode mode = ExportMode::service;
    std::vector<std::string> names; // of the exporters; one where the mode is not service
    UtcTime since{};                // for replay
    ExporterPlace place;
    boost::program_options::variables_map values; // for make_exporter
};

// No value where --help or --version was asked for and answered on `out`. An error is a usage error of one
// line.
[[nodiscard]] Result<std::optional<ExportOptions>> parse_export_options(int argc, const char* const* argv,
                                                                        std::ostream& out);

} // namespace dovewatch
