// Messages for the administrator, one line each, on standard error.
#pragma once

#include <string_view>

namespace dovewatch {

enum class Severity { info, warning, error };

// Under systemd's journal the line carries its priority (sd-daemon(3)). Control characters are shown
// escaped. Thread-safe by a single write(2).
void log(Severity severity, std::string_view message);

} // namespace dovewatch
