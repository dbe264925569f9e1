// `dovewatch doctor`, but for the host that it examines.
#pragma once

#include "exporters/terminal/command.h"
#include "exporters/terminal/doctor_host.h"
#include "store/result.h"

namespace dovewatch::terminal {

extern const Command doctor_command;

// Writes a row for each finding. Returns the exit status: 0 all is well, 4 at least one warning, 5 at least
// one problem.
[[nodiscard]] Result<int> examine(const Context& context, const Host& host);

} // namespace dovewatch::terminal
