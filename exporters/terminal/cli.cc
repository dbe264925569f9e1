#include "exporters/terminal/cli.h"

#include "exporters/terminal/command_line.h"
#include "exporters/terminal/no_database.h"
#include "exporters/terminal/text.h"
#include "store/settings.h"

#include <ostream>
#include <utility>

namespace dovewatch::terminal {
namespace {

namespace po = boost::program_options;

std::unique_ptr<RowSink> make_sink(Format format, Output& output, const TimeZone& zone,
                                   const Environment& environment) {
    switch (format) {
    case Format::json:
        return make_json(output);
    case Format::csv:
        return make_csv(output, environment.output_is_terminal);
    case Format::table:
        break;
    }
    return make_table(output, zone, environment.colours);
}

// Rows that were read before the job failed are worth reading.
Result<int> flushed(Output& output, const Result<int>& outcome) {
    const auto written = output.flush();
    if (outcome && !written) {
        return tl::make_unexpected(written.error());
    }
    return outcome;
}

struct Task {
    Format format;
    Job job;
    bool bears_no_database;
};

Result<Task> task_of(const CommandLine& line, const Clock& clock) {
    const auto format = format_of(line.values);
    if (!format) {
        return tl::make_unexpected(format.error());
    }
    auto job = line.command->prepare(line.values, clock);
    if (!job) {
        return tl::make_unexpected(job.error());
    }
    return Task{*format, std::move(*job), line.command->bears_no_database};
}

Result<int> run_task(const Task& task, const Clock& clock, po::variables_map& values,
                     const Environment& environment) {
    if (auto read = read_config_file(values); !read) {
        return tl::make_unexpected(read.error());
    }
    const auto database = database_file(values);
    auto reader = environment.open_reader(database);
    if (!reader && task.bears_no_database) {
        reader = std::make_unique<NoDatabase>(reader.error());
    }
    if (!reader) {
        return tl::make_unexpected(reader.error());
    }
    Output output(environment.output);
    const auto sink = make_sink(task.format, output, clock.zone, environment);
    return flushed(output, task.job({**reader, database, *sink, clock, environment.notices, values}));
}

Result<int> say(const std::string& text, const Environment& environment) {
    Output output(environment.output);
    append(output.buffer(), text);
    return flushed(output, 0);
}

Result<int> obey(const std::vector<std::string>& arguments, const Environment& environment) {
    auto line = parse_command_line(arguments);
    if (!line) {
        return tl::make_unexpected(with_hint(line.error(), arguments));
    }
    if (line->values.count("help") != 0) {
        return say(help(line->command), environment);
    }
    if (line->values.count("version") != 0) {
        return say("dovewatch " DOVEWATCH_VERSION "\n", environment);
    }
    const TimeZone zone = line->values["utc"].as<bool>() ? TimeZone::utc() : environment.local_zone;
    const Clock clock{environment.now, zone};
    const auto task = task_of(*line, clock);
    if (!task) {
        return tl::make_unexpected(with_hint(task.error(), arguments));
    }
    return run_task(*task, clock, line->values, environment);
}

} // namespace

int run(const std::vector<std::string>& arguments, const Environment& environment) {
    const auto status = obey(arguments, environment);
    if (status) {
        return *status;
    }
    environment.notices << "dovewatch: " << status.error().message << '\n';
    return exit_status(status.error());
}

} // namespace dovewatch::terminal
