#include "exporters/export_options.h"

#include "exporters/terminal/time_option.h"
#include "store/settings.h"

#include <ostream>

#include <fmt/format.h>

namespace dovewatch {
namespace {

namespace po = boost::program_options;

po::options_description command_options() {
    auto options = common_options();
    auto add = options.add_options();
    add("once", po::value<std::string>()->value_name("NAME"), "catch up with the store, and end");
    add("replay", po::value<std::string>()->value_name("NAME"),
        "send again what changed since --since, and end");
    add("since", po::value<std::string>()->value_name("T"), "for --replay: a time, or an age such as 2h");
    add("skip", po::value<std::string>()->value_name("NAME"),
        "go on from now: leave out what the store has already, and end");
    return options;
}

UtcTime now() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

Result<void> choose_mode(ExportOptions& options) {
    const auto& values = options.values;
    int modes = 0;
    for (const auto& [key, mode] :
         {std::pair("once", ExportMode::once), std::pair("replay", ExportMode::replay),
          std::pair("skip", ExportMode::skip)}) {
        if (values.count(key) != 0) {
            ++modes;
            options.mode = mode;
            options.names = {values[key].as<std::string>()};
        }
    }
    if (modes > 1) {
        return usage_error("--once, --replay and --skip are different things: choose one");
    }
    if ((options.mode == ExportMode::replay) != (values.count("since") != 0)) {
        return usage_error("--replay NAME and --since T go together");
    }
    if (options.mode != ExportMode::replay) {
        return {};
    }
    return terminal::parse_time("--since", values["since"].as<std::string>(), now(),
                                terminal::TimeZone::local())
        .map([&](UtcTime since) { options.since = since; });
}

Result<std::optional<ExportOptions>> to_export_options(po::variables_map values) {
    ExportOptions options;
    options.values = std::move(values);
    options.place.database = database_file(options.values);
    options.place.state = options.values["export-state"].as<std::string>();
    options.names = options.values["exporters"].as<std::vector<std::string>>();
    if (auto chosen = choose_mode(options); !chosen) {
        return tl::make_unexpected(chosen.error());
    }
    if (options.names.empty()) {
        return usage_error("no exporter is enabled: write `exporters = spool`, `table` or both into the "
                           "configuration file");
    }
    return options;
}

} // namespace

Result<std::optional<ExportOptions>> parse_export_options(int argc, const char* const* argv,
                                                          std::ostream& out) {
    auto known = command_options();
    known.add(exporter_settings());
    po::variables_map values;
    try {
        po::store(po::command_line_parser(argc, argv).options(known).positional({}).run(), values);
        if (values.count("help") != 0) {
            out << "Usage: dovewatch-export [options]\n"
                   "Carries what dovewatchd stores to other readers: spool files, a table.\n\n"
                << known;
            return std::nullopt;
        }
        if (values.count("version") != 0) {
            out << "dovewatch-export " DOVEWATCH_VERSION "\n";
            return std::nullopt;
        }
    } catch (const po::error& error) {
        return usage_error(fmt::format("{}; see dovewatch-export --help", error.what()));
    }
    if (auto read = read_config_file(values); !read) {
        return tl::make_unexpected(read.error());
    }
    return to_export_options(std::move(values));
}

} // namespace dovewatch
