// Messages for the administrator, one line each, on standard error.
#pragma once

#include <string_view>

namespace dovewatch {

enum class Severity { info, warning, error };

// The line begins with the program's name; under systemd's journal it carries its priority (sd-daemon(3)).
// Control characters are shown escaped. Thread-safe by a single write(2).
void log(Severity severity, std::string_view message);

} // namespace dovewatch
