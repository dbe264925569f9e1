#include "exporters/terminal/commands.h"
#include "exporters/terminal/daemon_notice.h"
#include "exporters/terminal/records.h"

#include <algorithm>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

namespace dovewatch::terminal {
namespace {

namespace po = boost::program_options;

using Glob = std::optional<std::string>;

void add_options(po::options_description& /*options*/) {}

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

Result<void> put_lines(const Context& context, const Glob& users) {
    std::set<std::string> classes;
    auto read = context.reader.last_logins(users, [&](const LastLogin& last) {
        classes.insert(last.service_class);
        return true;
    });
    if (!read || classes.empty()) {
        return read;
    }
    UserLines lines(context.sink, classes);
    read = context.reader.last_logins(users, [&](const LastLogin& last) { return lines.add(last); });
    lines.end();
    return read;
}

Result<void> put_records(const Context& context, const Glob& users) {
    context.sink.begin(last_login_fields);
    auto read = context.reader.last_logins(
        users, [&](const LastLogin& last) { return context.sink.row(record(last)); });
    if (read) {
        context.sink.end();
    }
    return read;
}

Result<int> lastlogin(const Context& context, const Glob& users) {
    if (auto warned = warn_unless_running(context); !warned) {
        return tl::make_unexpected(warned.error());
    }
    const bool for_person = context.sink.audience() == Audience::person;
    if (auto read = for_person ? put_lines(context, users) : put_records(context, users); !read) {
        return tl::make_unexpected(read.error());
    }
    if (context.sink.empty() && for_person) {
        context.notices << (users ? "no login is recorded of a user that matches\n"
                                  : "no login is recorded yet\n");
    }
    return 0;
}

Result<Job> prepare(const po::variables_map& values, const Clock& /*clock*/) {
    Glob users;
    if (values.count("user") != 0) {
        users = values["user"].as<std::string>();
    }
    return [users](const Context& context) { return lastlogin(context, users); };
}

} // namespace

constexpr Command lastlogin_command{
    "lastlogin",
    "[USER-GLOB]",
    "user",
    "when and from where each user last used each service class",
    "A line per user; with --json or --csv a row per user and service class.\n",
    add_options,
    prepare};

} // namespace dovewatch::terminal
