// The subcommands of `dovewatch`.
#pragma once

#include "exporters/terminal/command.h"

#include <span>
#include <string>

namespace dovewatch::terminal {

std::span<const Command> commands();

// "who, last, ..."
std::string command_names();

// Null if there is none of that name.
const Command* find_command(std::string_view name);

extern const Command who_command;
extern const Command last_command;
extern const Command lastlogin_command;
extern const Command user_command;
extern const Command pop3_deleters_command;
extern const Command summary_command;
extern const Command forget_command;
extern const Command status_command;

} // namespace dovewatch::terminal
