// Asking another program.
#pragma once

#include "store/result.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace dovewatch::terminal {

// In the folders of PATH and the sbin folders: Dovecot's programs are in sbin, which is not in everybody's
// PATH.
std::optional<std::filesystem::path> find_program(const std::string& name);

// Runs a program of PATH or of the sbin folders, without a shell, and returns what it writes to its standard
// output, which may be up to 1 MiB. A program that takes longer than the limit is killed, with what it
// started. Error: it is not installed, fails, or takes too long; the message ends "NAME cannot be asked:
// ...".
[[nodiscard]] Result<std::string> run_program(const std::vector<std::string>& command,
                                              std::chrono::milliseconds limit = std::chrono::seconds{5});

} // namespace dovewatch::terminal
