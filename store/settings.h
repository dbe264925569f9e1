// Options that come from the command line and from the configuration file, for all programs.
#pragma once

#include "store/result.h"

#include <filesystem>
#include <iosfwd>
#include <string>
#include <string_view>

#include <boost/program_options.hpp>

namespace dovewatch {

inline constexpr std::string_view default_config_file = "/etc/dovewatch/dovewatch.conf";
inline constexpr std::string_view default_database_file = "/var/lib/dovewatch/dovewatch.db";
inline constexpr std::string_view default_export_state_file = "/var/lib/dovewatch-export/state.db";

// --database, --config, --help, --version: common to all programs.
boost::program_options::options_description common_options();

// What may stand in the configuration file, one `key = value` a line, `#` begins a comment, after a
// line `[section]` keys are called section.key. One file serves all programs, so each knows every key,
// also those that it does not use. Make values with store/option_value.h: they check themselves.
// `database` is in common_options() too: never add both to one options_description.
boost::program_options::options_description config_file_options();

// The parts of it that are one program's command line options too.
boost::program_options::options_description daemon_settings();
boost::program_options::options_description exporter_settings();

// Reads the configuration file into `values`; what is already there (the command line) wins. The
// default file may be missing, a file named by --config may not. An unknown key, a bad value, a line
// that is no `key = value`, an unreadable file: a usage error that says "FILE:LINE: ...".
[[nodiscard]] Result<void> read_config_file(boost::program_options::variables_map& values);

// The same for a text that is at hand. `name` stands for the file in messages.
[[nodiscard]] Result<void> read_config(std::istream& text, const std::string& name,
                                       boost::program_options::variables_map& values);

std::filesystem::path database_file(const boost::program_options::variables_map& values);

} // namespace dovewatch
