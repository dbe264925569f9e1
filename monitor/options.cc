#include "monitor/options.h"

#include "monitor/probe_pins.h"
#include "store/settings.h"

#include <algorithm>
#include <bit>
#include <ostream>
#include <string>
#include <vector>

#include <boost/program_options.hpp>
#include <fmt/format.h>

namespace dovewatch {

namespace {

namespace po = boost::program_options;

// A short session's events take 300 to 450 bytes, with the statistics of its logout.
constexpr std::uint64_t bytes_per_login = 512;
constexpr std::uint64_t least_ring_bytes = std::uint64_t{1} << 18;
constexpr std::uint64_t most_ring_bytes = std::uint64_t{1} << 30;

// The kernel takes powers of two alone.
std::size_t ring_bytes(const po::variables_map& values) {
    const auto logins = std::uint64_t{values["ring-buffer-seconds"].as<std::uint32_t>()} *
                        values["ring-buffer-login-rate"].as<std::uint32_t>();
    return std::bit_ceil(std::clamp(logins * bytes_per_login, least_ring_bytes, most_ring_bytes));
}

// What may stand in the configuration file may stand on the command line too.
po::options_description daemon_options() {
    auto options = common_options();
    options.add_options()("unload", "remove the kernel probes that a killed daemon left behind, and end");
    po::options_description own("Options that may also stand in the configuration file");
    const auto settings = daemon_settings();
    for (const auto& option : settings.options()) {
        own.add(option);
    }
    return options.add(own);
}

Classifier to_classifier(const po::variables_map& values) {
    constexpr std::string_view prefix = "classes.";
    std::vector<ServiceClass> classes;
    for (const auto& [key, value] : values) {
        if (key.starts_with(prefix) && !value.empty()) {
            classes.push_back(parse_service_class(value.as<std::string>()).value());
            classes.back().name = key.substr(prefix.size());
        }
    }
    const auto ignored = values.find("ignore-addresses");
    return Classifier(std::move(classes), ignored == values.end()
                                              ? std::vector<Network>()
                                              : parse_networks(ignored->second.as<std::string>()).value());
}

std::optional<std::chrono::days> days_of(const po::variables_map& values, const char* key) {
    const std::uint32_t days = values[key].as<std::uint32_t>();
    return days == 0 ? std::nullopt : std::optional(std::chrono::days(days));
}

RetentionPolicy to_retention_policy(const po::variables_map& values) {
    return {days_of(values, "keep-days"), days_of(values, "keep-addresses-days"),
            values["keep-ipv4-prefix"].as<std::uint32_t>(), values["keep-ipv6-prefix"].as<std::uint32_t>()};
}

DaemonOptions to_daemon_options(const po::variables_map& values) {
    DaemonOptions options;
    options.database = database_file(values);
    options.commit_interval = std::chrono::milliseconds(values["commit-interval"].as<std::uint32_t>());
    options.probes.ring_bytes = ring_bytes(values);
    options.classifier = to_classifier(values);
    options.retention = to_retention_policy(values);
    options.source = *parse_source_kind(values["source"].as<std::string>());
    options.unload = values.count("unload") != 0;
    options.probes.pins = pin_folder(options.database);
    options.probes.master_uid = values["master-uid"].as<std::uint32_t>();
    options.probes.lda_uids = values["lda-uids"].as<std::vector<std::uint32_t>>();
    return options;
}

} // namespace

Result<std::optional<DaemonOptions>> parse_daemon_options(int argc, const char* const* argv,
                                                          std::ostream& out) {
    const auto known = daemon_options();
    po::variables_map values;
    try {
        po::store(po::command_line_parser(argc, argv).options(known).positional({}).run(), values);
        if (values.count("help")) {
            out << "Usage: dovewatchd [options]\n"
                   "Watches the Dovecot on this host and keeps who is online in a database.\n\n"
                << known;
            return std::nullopt;
        }
        if (values.count("version")) {
            out << "dovewatchd " DOVEWATCH_VERSION "\n";
            return std::nullopt;
        }
    } catch (const po::error& error) {
        return usage_error(fmt::format("{}; see dovewatchd --help", error.what()));
    }
    if (auto read = read_config_file(values); !read) {
        return tl::make_unexpected(read.error());
    }
    return to_daemon_options(values);
}

} // namespace dovewatch
