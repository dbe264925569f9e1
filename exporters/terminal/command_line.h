// Which command the administrator asks for, and how.
#pragma once

#include "exporters/terminal/command.h"
#include "exporters/terminal/formats.h"
#include "store/result.h"

#include <string>
#include <vector>

#include <boost/program_options.hpp>

namespace dovewatch::terminal {

struct CommandLine {
    const Command* command = nullptr; // null: none was named, which --help and --version allow
    boost::program_options::variables_map values;
};

// Options may stand before or after the command. The configuration file is not read yet.
[[nodiscard]] Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments);

// A usage error if more than one is asked for.
[[nodiscard]] Result<Format> format_of(const boost::program_options::variables_map& values);

// The error with the --help that tells how to do better.
Error with_hint(Error error, const std::vector<std::string>& arguments);

// The text of --help, for a command or (null) for the program.
std::string help(const Command* command);

} // namespace dovewatch::terminal
