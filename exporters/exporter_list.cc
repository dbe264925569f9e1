#include "exporters/exporter_list.h"

#include "exporters/spool/spool.h"
#include "exporters/table/table_exporter.h"
#include "store/database_error.h"
#include "store/log.h"
#include "store/number.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

namespace dovewatch {
namespace {

namespace po = boost::program_options;

std::string text_of(const po::variables_map& values, const char* key) {
    return values.count(key) != 0 ? values[key].as<std::string>() : std::string();
}

std::uint32_t number_of(const po::variables_map& values, const char* key) {
    return values[key].as<std::uint32_t>();
}

// A name, or a number. `find` is getpwnam_r or getgrnam_r, `id` the field of its record.
template <typename Record, typename Find, typename Id>
Result<std::optional<Id>> parse_owner(const po::variables_map& values, const char* key, Find find,
                                      Id Record::*id) {
    const std::string name = text_of(values, key);
    if (name.empty()) {
        return std::nullopt;
    }
    if (const auto number = parse_number<Id>(name)) {
        return number;
    }
    std::array<char, 16384> buffer{};
    Record record{};
    Record* found = nullptr;
    if (find(name.c_str(), &record, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
        return usage_error(fmt::format("{} = {}: this host knows no such name", key, name));
    }
    return record.*id;
}

std::vector<Service> services_of(const po::variables_map& values, const char* key) {
    std::vector<Service> services;
    for (const std::string& name : values[key].as<std::vector<std::string>>()) {
        services.push_back(parse_service(name).value());
    }
    return services;
}

Result<SpoolOptions> spool_options(const po::variables_map& values) {
    const auto owner = parse_owner(values, "spool-owner", getpwnam_r, &passwd::pw_uid);
    if (!owner) {
        return tl::make_unexpected(owner.error());
    }
    const auto group = parse_owner(values, "spool-group", getgrnam_r, &group::gr_gid);
    if (!group) {
        return tl::make_unexpected(group.error());
    }
    SpoolOptions options;
    options.folder = text_of(values, "spool-folder");
    options.owner = *owner;
    options.group = *group;
    const auto services = services_of(values, "spool-services");
    options.services = {services.begin(), services.end()};
    if (const std::string line = text_of(values, "spool-missing-statistics"); !line.empty()) {
        options.missing_statistics = line;
    }
    options.touch_online = text_of(values, "spool-touch-online") == "yes";
    return options;
}

Result<std::unique_ptr<Exporter>> make_spool(const po::variables_map& values) {
    return spool_options(values).map([](SpoolOptions options) -> std::unique_ptr<Exporter> {
        SpoolSurroundings surroundings;
        surroundings.report = [](const std::string& line) { log(Severity::warning, "spool: " + line); };
        return std::make_unique<SpoolExporter>(std::move(options), std::move(surroundings));
    });
}

TableFormat format_of(const po::variables_map& values) {
    static const std::map<std::string, TableFormat> formats{
        {"tsv", TableFormat::tsv}, {"csv", TableFormat::csv}, {"json", TableFormat::json}};
    return formats.at(text_of(values, "table-format"));
}

Result<std::unique_ptr<Exporter>> make_table(const po::variables_map& values) {
    TableOptions options;
    options.file = text_of(values, "table-file");
    options.format = format_of(values);
    options.host = text_of(values, "table-host");
    options.interval = std::chrono::seconds(number_of(values, "table-interval"));
    options.active_window = std::chrono::seconds(number_of(values, "table-active-window"));
    options.max_count_age = std::chrono::seconds(number_of(values, "table-max-count-age"));
    options.files_per_second = number_of(values, "table-files-per-second");
    options.time_limit = std::chrono::seconds(number_of(values, "table-time-limit"));
    options.mail_location = text_of(values, "mail-location");
    options.home = text_of(values, "mail-home");
    options.subfolders = text_of(values, "mail-subfolders") == "yes";
    return std::make_unique<TableExporter>(std::move(options));
}

} // namespace

Result<std::unique_ptr<Exporter>> make_exporter(const std::string& name, const po::variables_map& values) {
    using Make = Result<std::unique_ptr<Exporter>> (*)(const po::variables_map&);
    static const std::map<std::string, Make> exporters{{"spool", make_spool}, {"table", make_table}};
    const auto found = exporters.find(name);
    if (found == exporters.end()) {
        return usage_error(fmt::format("there is no exporter '{}': choose spool or table", name));
    }
    return found->second(values);
}

Result<std::int64_t> forget_exported(const po::variables_map& values, SQLite::Database& state,
                                     const std::string& user) {
    const auto in_spool = guarded(state.getFilename(), [&] {
        return spool_options(values).and_then(
            [&](const SpoolOptions& options) { return forget_spool_user(options, state, user); });
    });
    const auto before = state.getTotalChanges();
    const auto from_table = forget_table_user(state, user);
    if (!in_spool) {
        return tl::make_unexpected(in_spool.error());
    }
    return from_table.map(
        [&] { return std::int64_t{*in_spool} + (state.getTotalChanges() > before ? 1 : 0); });
}

} // namespace dovewatch
