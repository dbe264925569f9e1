#include "exporters/terminal/activity_filter.h"
#include "exporters/terminal/commands.h"
#include "exporters/terminal/daemon_notice.h"
#include "exporters/terminal/records.h"
#include "exporters/terminal/session_text.h"
#include "exporters/terminal/text.h"
#include "exporters/terminal/time_option.h"
#include "store/number.h"

#include <array>
#include <ostream>
#include <string>

namespace dovewatch::terminal {
namespace {

namespace po = boost::program_options;

void add_options(po::options_description& options) {
    options.add_options()("number,n", po::value<std::string>()->value_name("N"), "the newest N rows only");
    options.add_options()(
        "since", po::value<std::string>()->value_name("T"),
        "only logins and deliveries at or after T: 2026-11-21, '2026-11-21 14:00[:05]' (local "
        "time unless --utc), 2026-11-21T14:00:05Z, 2026-11-21T14:00:05+01:00, or a time ago: "
        "90s, 15m, 2h, 3d, 1w");
    options.add_options()("until", po::value<std::string>()->value_name("T"),
                          "only logins and deliveries before T");
    add_filter_options(options);
}

struct LastQuery {
    ActivityQuery rows;
    ActivityFilter filter;
    std::uint64_t limit = UINT64_MAX; // of the rows that pass the filter
};

Result<std::uint64_t> row_count(const std::string& text) {
    const auto number = parse_number<std::uint64_t>(text);
    if (!number || *number == 0) {
        return usage_error("-n '" + text + "' is no number of rows: write a whole number from 1");
    }
    return *number;
}

// Leaves `time` alone where the option is not given.
Result<void> read_time(const po::variables_map& values, const char* option, const Clock& clock,
                       std::optional<UtcTime>& time) {
    if (values.count(option) == 0) {
        return {};
    }
    const auto parsed =
        parse_time(std::string("--") + option, values[option].as<std::string>(), clock.now, clock.zone);
    if (!parsed) {
        return tl::make_unexpected(parsed.error());
    }
    time = *parsed;
    return {};
}

Result<void> read_limit(const po::variables_map& values, std::uint64_t& limit) {
    if (values.count("number") == 0) {
        return {};
    }
    const auto number = row_count(values["number"].as<std::string>());
    if (!number) {
        return tl::make_unexpected(number.error());
    }
    limit = *number;
    return {};
}

Result<LastQuery> query_of(const po::variables_map& values, const Clock& clock) {
    LastQuery query;
    if (values.count("user") != 0) {
        query.rows.user = values["user"].as<std::string>();
    }
    return read_limit(values, query.limit)
        .and_then([&] { return read_time(values, "since", clock, query.rows.since); })
        .and_then([&] { return read_time(values, "until", clock, query.rows.until); })
        .and_then([&] { return filter_of(values); })
        .map([&](ActivityFilter&& filter) {
            query.filter = std::move(filter);
            return query;
        });
}

constexpr std::array columns{
    Column{"time", 26}, Column{"user", 24},          Column{"service", 12}, Column{"ip", 15},
    Column{"end", 14},  Column{"duration", 8, true}, Column{"reason", 17},  Column{}};
using Cells = std::array<Cell, columns.size()>;

// Words a row for the table, which is done with one before the next one comes.
class Lines {
  public:
    explicit Lines(const Clock& clock) : clock_(clock) {}

    Cells operator()(const Session& session) {
        const bool estimated = session.login_estimated || session.logout_estimated;
        return {Cell{session.login, dim_if(session.login_estimated)},
                Cell{session.user},
                Cell{service_text(service_, session.service, session.service_class)},
                Cell{value_or_none(session.address)},
                Cell{end_of(session), dim_if(session.logout_estimated)},
                Cell{session.logout.value_or(clock_.now) - session.login, dim_if(estimated)},
                Cell{short_reason(reason_, session.reason)},
                Cell{session_notes(notes_, session), Tone::dim}};
    }

    Cells operator()(const Delivery& delivery) {
        return {Cell{delivery.at},
                Cell{delivery.user},
                Cell{service_text(service_, delivery.service, delivery.service_class)},
                Cell{value_or_none(delivery.address)},
                Cell{std::string_view("delivery")},
                Cell{std::string_view()},
                Cell{std::string_view()},
                Cell{std::string_view()}};
    }

  private:
    std::string_view end_of(const Session& session) {
        if (!session.logout) {
            return "still online";
        }
        end_.clear();
        append_short_time(end_, *session.logout, session.login, clock_.zone);
        return view(end_);
    }

    const Clock& clock_;
    fmt::memory_buffer service_;
    fmt::memory_buffer end_;
    fmt::memory_buffer reason_;
    fmt::memory_buffer notes_;
};

// Hands on the rows that are asked for.
Result<void> read_rows(const Context& context, const LastQuery& query,
                       const std::function<bool(const Activity&)>& row) {
    std::uint64_t left = query.limit;
    return context.reader.activity(query.rows, [&](const Activity& activity) {
        return !query.filter.matches(activity) || (row(activity) && --left > 0);
    });
}

Result<void> put_lines(const Context& context, const LastQuery& query) {
    Lines lines(context.clock);
    context.sink.begin(columns);
    auto read = read_rows(context, query, [&](const Activity& activity) {
        return context.sink.row(std::visit(lines, activity));
    });
    context.sink.end();
    return read;
}

Result<void> put_records(const Context& context, const LastQuery& query) {
    context.sink.begin(activity_fields);
    auto read = read_rows(context, query,
                          [&](const Activity& activity) { return context.sink.row(record(activity)); });
    if (read) {
        context.sink.end();
    }
    return read;
}

void say_empty(std::ostream& notices, const LastQuery& query) {
    fmt::memory_buffer user;
    if (query.rows.user) {
        append_visible(user, " of " + *query.rows.user);
    }
    const bool any = query.filter.empty() && !query.rows.until;
    notices << (any ? "no session or delivery" : "no such session or delivery") << view(user)
            << " is recorded" << (query.rows.since ? " since then\n" : "\n");
}

Result<int> last(const Context& context, const LastQuery& query) {
    if (auto warned = warn_unless_running(context); !warned) {
        return tl::make_unexpected(warned.error());
    }
    const bool for_person = context.sink.audience() == Audience::person;
    if (auto read = for_person ? put_lines(context, query) : put_records(context, query); !read) {
        return tl::make_unexpected(read.error());
    }
    if (context.sink.empty() && for_person) {
        say_empty(context.notices, query);
    }
    return 0;
}

Result<Job> prepare(const po::variables_map& values, const Clock& clock) {
    auto query = query_of(values, clock);
    if (!query) {
        return tl::make_unexpected(query.error());
    }
    return [query = *query](const Context& context) { return last(context, query); };
}

} // namespace

constexpr Command last_command{
    "last",
    "[USER]",
    "user",
    "sessions and deliveries, the newest first",
    "The end is a time of day, with month and day if it is not the day of the login. The reason is that of\n"
    "Dovecot's logout line; JSON and CSV have all of it, and its statistics, in full and as numbers.\n",
    add_options,
    prepare};

} // namespace dovewatch::terminal
