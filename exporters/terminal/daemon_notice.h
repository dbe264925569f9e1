// Tells a person that what they see may be old.
#pragma once

#include "exporters/terminal/command.h"

namespace dovewatch::terminal {

// Writes a warning to the notices unless the daemon runs.
[[nodiscard]] Result<void> warn_unless_running(const Context& context);

} // namespace dovewatch::terminal
