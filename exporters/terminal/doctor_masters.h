// The Dovecot masters that run.
#pragma once

#include "exporters/terminal/doctor_check.h"

#include <filesystem>
#include <vector>

namespace dovewatch::terminal {

// The process ids, in order, of the masters that the daemon trusts: `dovecot`, with the effective uid that is
// configured, of a file that only the administrator can have made. Who may not see the file goes by the rest.
std::vector<int> masters_of(const Patient& patient);

// Of any process; who may not follow it cannot open it either.
std::filesystem::path executable_of(const Host& host, int process);

} // namespace dovewatch::terminal
