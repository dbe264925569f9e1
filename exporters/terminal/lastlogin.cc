#include "exporters/terminal/commands.h"
#include "exporters/terminal/daemon_notice.h"
#include "exporters/terminal/lastlogin_reports.h"
#include "exporters/terminal/records.h"
#include "exporters/terminal/time_option.h"
#include "exporters/terminal/user_list.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace dovewatch::terminal {
namespace {

namespace po = boost::program_options;

void add_options(po::options_description& options) {
    options.add_options()("class", po::value<std::string>()->value_name("CLASS"),
                          "only this service class: imap, pop3, lmtp, ... or one of the configuration's");
    options.add_options()("inactive-for", po::value<std::string>()->value_name("DURATION"),
                          "users whose newest login is older than this, the oldest first: 180d, 12h, 26w");
    options.add_options()("never", po::bool_switch(), "users of the list --users that never logged in");
    options.add_options()(
        "users", po::value<std::string>()->value_name("FILE"),
        "for --never: one user a line as Dovecot shows them, or a comment that begins with #; - is "
        "standard input");
}

struct Selection {
    std::optional<std::string> glob;
    std::optional<std::string> service_class;

    bool holds(const LastLogin& last) const { return !service_class || last.service_class == *service_class; }
};

// Those of the last logins that are asked for.
Result<void> read_rows(const Context& context, const Selection& selection,
                       const std::function<bool(const LastLogin&)>& row) {
    return context.reader.last_logins(
        selection.glob, [&](const LastLogin& last) { return !selection.holds(last) || row(last); });
}

// A line per user, with a time and an address for each service class.
class UserLines {
  public:
    UserLines(RowSink& sink, const std::set<std::string>& classes)
        : sink_(sink), classes_(classes.begin(), classes.end()) {
        for (const std::string& name : classes_) {
            address_names_.push_back(name + " ip");
        }
        columns_.push_back({"user", 24});
        for (std::size_t i = 0; i < classes_.size(); ++i) {
            columns_.push_back({classes_[i], 26});
            columns_.push_back({address_names_[i], 15});
        }
        cells_.resize(columns_.size());
        sink_.begin(columns_);
    }

    // False when nobody takes the rows any more.
    [[nodiscard]] bool add(const LastLogin& last) {
        if (started_ && last.user != user_ && !put()) {
            return false;
        }
        started_ = true;
        user_ = last.user;
        const auto found = std::lower_bound(classes_.begin(), classes_.end(), last.service_class);
        if (found == classes_.end() || *found != last.service_class) {
            return true; // first seen after the columns were chosen
        }
        const auto column = static_cast<std::size_t>(found - classes_.begin()) * 2 + 1;
        cells_[column].value = last.at;
        cells_[column + 1].value = value_or_none(last.address);
        return true;
    }

    void end() {
        if (started_ && put()) {
            sink_.end();
        }
    }

  private:
    bool put() {
        cells_.front().value = user_;
        const bool wanted = sink_.row(cells_);
        std::fill(cells_.begin(), cells_.end(), Cell{});
        return wanted;
    }

    RowSink& sink_;
    std::vector<std::string> classes_; // sorted
    std::vector<std::string> address_names_;
    std::vector<Column> columns_;
    std::vector<Cell> cells_;
    std::string user_;
    bool started_ = false;
};

Result<void> put_lines(const Context& context, const Selection& selection) {
    std::set<std::string> classes;
    auto read = read_rows(context, selection, [&](const LastLogin& last) {
        classes.insert(last.service_class);
        return true;
    });
    if (!read || classes.empty()) {
        return read;
    }
    UserLines lines(context.sink, classes);
    read = read_rows(context, selection, [&](const LastLogin& last) { return lines.add(last); });
    lines.end();
    return read;
}

Result<void> put_records(const Context& context, const Selection& selection) {
    context.sink.begin(last_login_fields);
    auto read =
        read_rows(context, selection, [&](const LastLogin& last) { return context.sink.row(record(last)); });
    if (read) {
        context.sink.end();
    }
    return read;
}

using Report = std::function<Result<void>(const Context&)>;

Result<int> lastlogin(const Context& context, const Report& report, const std::string& when_empty) {
    if (auto warned = warn_unless_running(context); !warned) {
        return tl::make_unexpected(warned.error());
    }
    if (auto read = report(context); !read) {
        return tl::make_unexpected(read.error());
    }
    if (context.sink.empty() && context.sink.audience() == Audience::person) {
        context.notices << when_empty << '\n';
    }
    return 0;
}

Job job_of(Report report, std::string when_empty) {
    return [report = std::move(report), when_empty = std::move(when_empty)](const Context& context) {
        return lastlogin(context, report, when_empty);
    };
}

Job all_job(const Selection& selection) {
    const bool any = !selection.glob && !selection.service_class;
    return job_of(
        [selection](const Context& context) {
            const bool for_person = context.sink.audience() == Audience::person;
            return for_person ? put_lines(context, selection) : put_records(context, selection);
        },
        any ? "no login is recorded yet" : "no login is recorded of a user that matches");
}

Result<Job> inactive_job(const Selection& selection, const std::string& duration, UtcTime now) {
    const auto ago = parse_duration("--inactive-for", duration);
    if (!ago) {
        return tl::make_unexpected(ago.error());
    }
    const InactiveQuery query{time_ago(*ago, now), selection.glob, selection.service_class};
    return job_of([query](const Context& context) { return put_inactive(context, query); },
                  "no user that ever logged in has been inactive for so long");
}

Result<Job> never_job(const Selection& selection, const std::string& file) {
    auto users = read_users(file);
    if (!users) {
        return tl::make_unexpected(users.error());
    }
    return job_of([users = std::move(*users), service_class = selection.service_class](
                      const Context& context) { return put_never(context, users, service_class); },
                  "each of the users has logged in");
}

Result<void> check_together(const po::variables_map& values) {
    const bool never = values["never"].as<bool>();
    if (never && values.count("users") == 0) {
        return usage_error("--never needs the accounts that there are: add --users FILE");
    }
    if (!never && values.count("users") != 0) {
        return usage_error("--users is for --never alone");
    }
    if (never && values.count("inactive-for") != 0) {
        return usage_error("--never and --inactive-for exclude each other");
    }
    if (never && values.count("user") != 0) {
        return usage_error("--never takes its users from --users alone");
    }
    return {};
}

std::optional<std::string> value_of(const po::variables_map& values, const char* option) {
    return values.count(option) == 0 ? std::nullopt : std::optional(values[option].as<std::string>());
}

Result<Job> prepare(const po::variables_map& values, const Clock& clock) {
    if (auto fit = check_together(values); !fit) {
        return tl::make_unexpected(fit.error());
    }
    const Selection selection{value_of(values, "user"), value_of(values, "class")};
    if (const auto duration = value_of(values, "inactive-for")) {
        return inactive_job(selection, *duration, clock.now);
    }
    if (const auto file = value_of(values, "users")) {
        return never_job(selection, *file);
    }
    return all_job(selection);
}

} // namespace

constexpr Command lastlogin_command{
    "lastlogin",
    "[USER-GLOB]",
    "user",
    "when and from where each user last used each service class",
    "A line per user; with --json or --csv a row per user and service class. For --inactive-for and --never\n"
    "a row per user, and deliveries do not count: without --class, all service classes but lmtp and lda do.\n"
    "--inactive-for knows the users that have logged in once, --never those that have not.\n",
    add_options,
    prepare};

} // namespace dovewatch::terminal
