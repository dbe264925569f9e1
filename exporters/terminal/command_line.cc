#include "exporters/terminal/command_line.h"

#include "exporters/terminal/commands.h"
#include "store/settings.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

namespace dovewatch::terminal {
namespace {

namespace po = boost::program_options;

// Abbreviated option names would change their meaning when options are added.
constexpr int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;

po::options_description format_options() {
    po::options_description options("Output");
    options.add_options()("json", po::bool_switch(), "an array of objects; times in UTC");
    options.add_options()("csv", po::bool_switch(), "comma-separated values with a header; times in UTC");
    options.add_options()("utc", po::bool_switch(), "times of tables and of --since in UTC, not local time");
    return options;
}

po::options_description command_options(const Command& command) {
    po::options_description options("Options of " + std::string(command.name));
    command.add_options(options);
    return options;
}

po::options_description arguments_of(const Command* command) {
    po::options_description arguments;
    arguments.add_options()("command", po::value<std::string>());
    if (command != nullptr && !command->positional.empty()) {
        arguments.add_options()(std::string(command->positional).c_str(), po::value<std::string>());
    }
    return arguments;
}

po::positional_options_description positions_of(const Command* command) {
    po::positional_options_description positions;
    positions.add("command", 1);
    if (command != nullptr && !command->positional.empty()) {
        positions.add(std::string(command->positional).c_str(), 1);
    }
    return positions;
}

po::options_description all_options(const Command* command) {
    po::options_description options;
    options.add(common_options()).add(format_options()).add(arguments_of(command));
    if (command != nullptr) {
        options.add(command_options(*command));
    }
    return options;
}

// The first argument that is neither an option of all commands nor the value of one.
std::string command_name(const std::vector<std::string>& arguments) {
    po::options_description options;
    options.add(common_options()).add(format_options());
    const auto parsed = po::command_line_parser(arguments)
                            .options(options)
                            .positional(po::positional_options_description().add("command", -1))
                            .style(style)
                            .allow_unregistered()
                            .run();
    const auto found = std::find_if(parsed.options.begin(), parsed.options.end(),
                                    [](const po::option& option) { return option.position_key == 0; });
    return found == parsed.options.end() ? "" : found->original_tokens.front();
}

po::variables_map values_of(const std::vector<std::string>& arguments, const Command* command) {
    po::variables_map values;
    const auto options = all_options(command);
    po::store(po::command_line_parser(arguments)
                  .options(options)
                  .positional(positions_of(command))
                  .style(style)
                  .run(),
              values);
    return values;
}

Result<CommandLine> parse(const std::vector<std::string>& arguments) {
    const std::string name = command_name(arguments);
    const Command* command = find_command(name);
    if (command == nullptr && !name.empty()) {
        return usage_error(fmt::format("'{}' is no command: the commands are {}", name, command_names()));
    }
    CommandLine line{command, values_of(arguments, command)};
    if (command == nullptr && line.values.count("help") == 0 && line.values.count("version") == 0) {
        return usage_error(fmt::format("a command is missing: the commands are {}", command_names()));
    }
    return line;
}

constexpr std::string_view formats_help =
    "In a table, control characters and the like are shown as \\x07 or \\u{202e}, a backslash as \\\\.\n"
    "JSON is ASCII; bytes that are no UTF-8 become U+FFFD. CSV holds the bytes as they are, but a text\n"
    "that begins with = + - @ gets an apostrophe in front, since a spreadsheet would run it.\n";

std::string capitalised(std::string_view text) {
    std::string sentence(text);
    sentence.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(sentence.front())));
    return sentence;
}

} // namespace

Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments) {
    try {
        return parse(arguments);
    } catch (const po::too_many_positional_options_error&) {
        return usage_error("too many arguments");
    } catch (const po::error& error) {
        return usage_error(error.what());
    }
}

Result<Format> format_of(const po::variables_map& values) {
    const bool json = values["json"].as<bool>();
    const bool csv = values["csv"].as<bool>();
    if (json && csv) {
        return usage_error("--json and --csv exclude each other");
    }
    return json ? Format::json : csv ? Format::csv : Format::table;
}

Error with_hint(Error error, const std::vector<std::string>& arguments) {
    const auto named = std::find_if(arguments.begin(), arguments.end(), find_command);
    const std::string command = named == arguments.end() ? "" : *named + " ";
    error.message += " (see dovewatch " + command + "--help)";
    return error;
}

std::string help(const Command* command) {
    std::ostringstream text;
    if (command == nullptr) {
        text << "Usage: dovewatch COMMAND [OPTIONS]\nWho uses this Dovecot host, and when they last "
                "did.\n\nCommands:\n";
        for (const Command& each : commands()) {
            text << fmt::format("  {:<26}{}\n", fmt::format("{} {}", each.name, each.arguments),
                                each.summary);
        }
        text << "\n`dovewatch COMMAND --help` tells more.\n\n";
    } else {
        text << fmt::format("Usage: dovewatch {} {}{}[OPTIONS]\n{}.\n{}\n", command->name, command->arguments,
                            command->arguments.empty() ? "" : " ", capitalised(command->summary),
                            command->details);
        if (const auto options = command_options(*command); !options.options().empty()) {
            text << options << '\n';
        }
    }
    text << format_options() << '\n' << common_options() << '\n' << formats_help;
    return text.str();
}

} // namespace dovewatch::terminal
