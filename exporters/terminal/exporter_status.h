// What `dovewatch status` says of the exporters.
#pragma once

#include "exporters/export_state.h"
#include "exporters/terminal/command.h"

#include <string>
#include <vector>

namespace dovewatch::terminal {

struct ExporterLine {
    ExporterStatus status;
    Backlog backlog;
};

// Empty where dovewatch-export has never run here. A state that may not be read is told to the context's
// notices, and none is shown.
std::vector<ExporterLine> read_exporters(const Context& context);

// For programs, which get everything as counters, but for the errors.
std::vector<Counter> as_counters(const std::vector<ExporterLine>& exporters, UtcTime now);

// "NAME: ERROR; NAME: ERROR". Empty where there are none.
std::string errors_of(const std::vector<ExporterLine>& exporters);

// Nothing where there are none. False when nobody takes the rows any more.
bool put_exporters(const Context& context, const std::vector<ExporterLine>& exporters);

} // namespace dovewatch::terminal
