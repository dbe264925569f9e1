#include "store/forget.h"

#include "exporters/export_state.h"
#include "exporters/exporter_list.h"
#include "exporters/terminal/commands.h"
#include "exporters/terminal/text.h"
#include "store/database_error.h"

#include <array>
#include <ostream>
#include <string>
#include <system_error>

namespace dovewatch::terminal {
namespace {

namespace po = boost::program_options;

constexpr int exit_not_done = 1;

constexpr std::array columns{Column{"what", 24}, Column{"removed", 12, true}};

void add_options(po::options_description& /*options*/) {}

struct Removed {
    Forgotten rows;
    std::int64_t exported = 0; // exporters that knew the user
};

// After the store, from which exporters take what they know.
Result<std::int64_t> forget_in_exporters(const po::variables_map& settings, const std::string& user) {
    const std::filesystem::path file = settings["export-state"].as<std::string>();
    std::error_code error;
    if (!std::filesystem::exists(file, error) && !error) {
        return 0;
    }
    return open_export_state(file).and_then([&](SQLite::Database state) {
        return guarded(file, [&] { return forget_exported(settings, state, user); });
    });
}

Result<Removed> forget_everywhere(const Context& context, const std::string& user) {
    return forget_user(context.database, user).and_then([&](const Forgotten& rows) {
        return forget_in_exporters(context.settings, user).map([&](std::int64_t exported) {
            return Removed{rows, exported};
        });
    });
}

void put(RowSink& sink, std::string_view what, std::uint64_t removed) {
    static_cast<void>(sink.row(std::array{Cell{what}, Cell{static_cast<std::int64_t>(removed)}}));
}

void put(RowSink& sink, const Removed& removed) {
    sink.begin(columns);
    put(sink, "sessions", removed.rows.sessions);
    put(sink, "deliveries", removed.rows.deliveries);
    put(sink, "last logins", removed.rows.last_logins);
    put(sink, "exporters' records", static_cast<std::uint64_t>(removed.exported));
    sink.end();
}

Result<int> forget(const Context& context, const std::string& user) {
    const auto removed = forget_everywhere(context, user);
    if (!removed) {
        return tl::make_unexpected(removed.error());
    }
    put(context.sink, *removed);
    if (removed->rows.still_online > 0) {
        context.notices << fmt::format("{} session(s) of {} are online and were kept: end them "
                                       "(doveadm kick), then forget again\n",
                                       removed->rows.still_online, visible(user));
        return exit_not_done;
    }
    return 0;
}

Result<Job> prepare(const po::variables_map& values, const Clock& /*clock*/) {
    if (values.count("user") == 0) {
        return usage_error("forget needs the user's name");
    }
    return Job(
        [user = values["user"].as<std::string>()](const Context& context) { return forget(context, user); });
}

} // namespace

constexpr Command forget_command{
    "forget",
    "USER",
    "user",
    "remove one person from the database, the exporters' state and the spool files",
    "USER as Dovecot shows it. Needs write permission on the database: become root.\n"
    "Exit status: 0 done, 1 the user is online, or on errors.\n",
    add_options,
    prepare};

} // namespace dovewatch::terminal
