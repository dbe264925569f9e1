#include "exporters/terminal/commands.h"

#include "exporters/terminal/doctor.h"

#include <algorithm>
#include <array>

namespace dovewatch::terminal {

std::span<const Command> commands() {
    static const std::array all{who_command,    last_command,          lastlogin_command,
                                user_command,   pop3_deleters_command, summary_command,
                                forget_command, status_command,        doctor_command};
    return all;
}

std::string command_names() {
    std::string names;
    for (const Command& command : commands()) {
        names += (names.empty() ? "" : ", ") + std::string(command.name);
    }
    return names;
}

const Command* find_command(std::string_view name) {
    const auto all = commands();
    const auto found =
        std::find_if(all.begin(), all.end(), [name](const Command& command) { return command.name == name; });
    return found == all.end() ? nullptr : &*found;
}

} // namespace dovewatch::terminal
