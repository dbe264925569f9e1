#include "exporters/terminal/commands.h"
#include "exporters/terminal/daemon_notice.h"
#include "exporters/terminal/network_option.h"
#include "exporters/terminal/records.h"
#include "exporters/terminal/session_text.h"
#include "exporters/terminal/who_groups.h"

#include <array>
#include <ostream>
#include <string>

namespace dovewatch::terminal {
namespace {

namespace po = boost::program_options;

void add_options(po::options_description& options) {
    options.add_options()("service", po::value<std::string>()->value_name("S"),
                          "only this service: imap, pop3, submission, managesieve");
    add_network_option(options);
    options.add_options()("sessions,1", po::bool_switch(), "a line per session");
}

Result<SessionFilter> filter_of(const po::variables_map& values) {
    SessionFilter filter;
    if (values.count("user") != 0) {
        filter.user_glob = values["user"].as<std::string>();
    }
    if (values.count("service") != 0) {
        const auto& name = values["service"].as<std::string>();
        filter.service = parse_service(name);
        if (!filter.service) {
            return usage_error("--service '" + name +
                               "' is no service: write imap, pop3, lmtp, submission, managesieve or lda");
        }
    }
    const auto network = network_of(values);
    if (!network) {
        return tl::make_unexpected(network.error());
    }
    filter.network = *network;
    return filter;
}

Result<void> put_groups(const Context& context, const SessionFilter& filter) {
    WhoGroups groups(context.sink);
    auto read = context.reader.online(filter, [&](const Session& session) { return groups.add(session); });
    groups.end();
    return read;
}

constexpr std::array columns{Column{"username", 24},
                             Column{"service", 12},
                             Column{"pid", 7, true},
                             Column{"ip", 15},
                             Column{"since", 26},
                             Column{"duration", 8, true},
                             Column{}};

Result<void> put_sessions(const Context& context, const SessionFilter& filter) {
    fmt::memory_buffer service;
    fmt::memory_buffer notes;
    const auto line = [&](const Session& session) {
        const Tone tone = dim_if(session.login_estimated);
        const std::array<Cell, columns.size()> cells{
            Cell{session.user},
            Cell{service_text(service, session.service, session.service_class)},
            Cell{session.hibernated ? Value{} : Value{std::int64_t{session.process.pid}}},
            Cell{value_or_none(session.address)},
            Cell{session.login, tone},
            Cell{context.clock.now - session.login, tone},
            Cell{session_notes(notes, session), Tone::dim}};
        return context.sink.row(cells);
    };
    context.sink.begin(columns);
    return context.reader.online(filter, line);
}

Result<void> put_records(const Context& context, const SessionFilter& filter) {
    context.sink.begin(online_fields);
    auto read = context.reader.online(
        filter, [&](const Session& session) { return context.sink.row(online_record(session)); });
    if (read) {
        context.sink.end();
    }
    return read;
}

bool is_empty(const SessionFilter& filter) {
    return !filter.user_glob && !filter.service && !filter.network;
}

Result<int> who(const Context& context, const SessionFilter& filter, bool line_per_session) {
    if (auto warned = warn_unless_running(context); !warned) {
        return tl::make_unexpected(warned.error());
    }
    const auto put = context.sink.audience() == Audience::program ? put_records
                     : line_per_session                           ? put_sessions
                                                                  : put_groups;
    if (auto read = put(context, filter); !read) {
        return tl::make_unexpected(read.error());
    }
    if (context.sink.empty() && context.sink.audience() == Audience::person) {
        context.notices << (is_empty(filter) ? "nobody is online\n" : "nobody that you ask for is online\n");
    }
    return 0;
}

Result<Job> prepare(const po::variables_map& values, const Clock& /*clock*/) {
    auto filter = filter_of(values);
    if (!filter) {
        return tl::make_unexpected(filter.error());
    }
    const bool line_per_session = values["sessions"].as<bool>();
    return [filter = *filter, line_per_session](const Context& context) {
        return who(context, filter, line_per_session);
    };
}

} // namespace

constexpr Command who_command{
    "who",
    "[USER-GLOB]",
    "user",
    "who is online now",
    "A line per user and service, as `doveadm who` shows it; with -1, --json or --csv a row per session.\n"
    "A hibernated session has no process: its pid is not shown; JSON and CSV give the last one it had.\n",
    add_options,
    prepare};

} // namespace dovewatch::terminal
