// What a subcommand of `dovewatch` is.
#pragma once

#include "exporters/terminal/row_sink.h"
#include "exporters/terminal/time_zone.h"
#include "store/reader.h"
#include "store/result.h"

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string_view>

#include <boost/program_options.hpp>

namespace dovewatch::terminal {

// The time that a command takes for now, and the zone it reads and shows times in.
struct Clock {
    UtcTime now;
    const TimeZone& zone;
};

// What a command works with. All references outlive the job.
struct Context {
    const Reader& reader;
    const std::filesystem::path& database;
    RowSink& sink;
    Clock clock;
    std::ostream& notices;                                 // what is not part of the rows, for a person
    const boost::program_options::variables_map& settings; // of the command line and the configuration file
};

// Does the work. Returns the exit status.
using Job = std::function<Result<int>(const Context&)>;

struct Command {
    std::string_view name;
    std::string_view arguments;  // after the name, in the usage line
    std::string_view positional; // the option that takes the argument without a dash; empty: none does
    std::string_view summary;
    std::string_view details; // for --help
    void (*add_options)(boost::program_options::options_description& options);
    // Checks the options before the database is opened.
    Result<Job> (*prepare)(const boost::program_options::variables_map& values, const Clock& clock);
    // Works without a database: the reader of its context then gives the reason as the error of every call.
    bool bears_no_database = false;
};

} // namespace dovewatch::terminal
