#include "store/reader.h"

#include "store/connection.h"
#include "store/database_error.h"
#include "store/lock_file.h"
#include "store/row.h"

#include <string_view>
#include <system_error>
#include <utility>

#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>
#include <fnmatch.h>

namespace dovewatch {
namespace {

bool matches(const std::optional<std::string>& glob, const std::string& user) {
    return !glob || fnmatch(glob->c_str(), user.c_str(), 0) == 0;
}

bool matches(const SessionFilter& filter, const Session& session) {
    if (filter.service && session.service != *filter.service) {
        return false;
    }
    if (filter.network && !(session.address && filter.network->contains(*session.address))) {
        return false;
    }
    return matches(filter.user_glob, session.user);
}

// "SELECT COLUMNS FROM TABLE" with what of the query SQL can do, newest first.
Query select_newest(SQLite::Database& database, std::string_view columns, std::string_view table,
                    std::string_view time, const ActivityQuery& query) {
    // All rows of a user: to scan the table in its own order beats going through it by the index of times.
    const bool scans = query.user && !query.since;
    std::string sql = fmt::format("SELECT {} FROM {} {} WHERE 1", columns, table, scans ? "NOT INDEXED" : "");
    if (query.user) {
        sql += " AND user = ?1";
    }
    if (query.since) {
        sql += fmt::format(" AND {} >= ?2", time);
    }
    sql += fmt::format(" ORDER BY {} DESC, id DESC", time);
    Query statement(database, sql);
    if (query.user) {
        statement.bind(1, *query.user);
    }
    if (query.since) {
        statement.bind(2, to_column(*query.since));
    }
    return statement;
}

// The next row of a statement, or none at its end.
template <typename Row>
std::optional<Row> next_row(Query& statement, Row (*read)(Query&)) {
    return statement.next() ? std::optional(read(statement)) : std::nullopt;
}

// Merges two histories, each newest first, into one.
void merge_newest_first(Query& sessions, Query& deliveries, const std::function<bool(const Activity&)>& row) {
    std::optional<Session> session = next_row(sessions, read_session);
    std::optional<Delivery> delivery = next_row(deliveries, read_delivery);
    bool go_on = true;
    while (go_on && (session || delivery)) {
        if (session && (!delivery || session->login >= delivery->at)) {
            go_on = row(*std::exchange(session, std::nullopt));
            session = go_on ? next_row(sessions, read_session) : std::nullopt;
        } else {
            go_on = row(*std::exchange(delivery, std::nullopt));
            delivery = go_on ? next_row(deliveries, read_delivery) : std::nullopt;
        }
    }
}

LastLogin read_last_login(Query& row) {
    LastLogin last;
    last.user = row.text();
    last.service_class = row.text();
    last.at = *row.time();
    last.address = row.address();
    last.count = row.integer();
    return last;
}

Counter read_counter(Query& row) {
    Counter counter;
    counter.stage = row.text();
    counter.name = row.text();
    counter.value = static_cast<std::uint64_t>(row.integer());
    counter.is_loss = row.integer() != 0;
    return counter;
}

std::optional<DaemonStatus> read_daemon(SQLite::Database& database) {
    Query row(database, "SELECT pid, version, source, started, last_event FROM daemon");
    if (!row.next()) {
        return std::nullopt;
    }
    DaemonStatus daemon;
    daemon.pid = static_cast<std::int32_t>(row.integer());
    daemon.version = row.text();
    daemon.source = row.text();
    daemon.started = *row.time();
    daemon.last_event = row.time();
    Query counters(database, "SELECT stage, name, value, is_loss FROM counter ORDER BY rowid");
    while (counters.next()) {
        daemon.counters.push_back(read_counter(counters));
    }
    return daemon;
}

std::uint64_t bytes_of(const std::filesystem::path& file) {
    std::error_code error;
    const std::uintmax_t bytes = std::filesystem::file_size(file, error);
    return error ? 0 : bytes;
}

// Connects anew for each call (under 0.5 ms): so a database that was replaced, restored or begun since the
// last call is seen, and between calls no reader stands in the way of anything.
class SqliteReader : public Reader {
  public:
    explicit SqliteReader(std::filesystem::path file) : file_(std::move(file)) {}

    Result<void> online(const SessionFilter& filter,
                        const std::function<bool(const Session&)>& row) const override {
        return in_snapshot([&](SQLite::Database& database) {
            Query statement(database, fmt::format("SELECT {} FROM session INDEXED BY session_online "
                                                  "WHERE logout IS NULL ORDER BY user, login",
                                                  online_columns));
            bool go_on = true;
            while (go_on && statement.next()) {
                const Session session = read_online_session(statement);
                go_on = !matches(filter, session) || row(session);
            }
        });
    }

    Result<void> activity(const ActivityQuery& query,
                          const std::function<bool(const Activity&)>& row) const override {
        std::uint64_t left = query.limit.value_or(UINT64_MAX);
        if (left == 0) {
            return {};
        }
        return in_snapshot([&](SQLite::Database& database) {
            auto sessions = select_newest(database, session_columns, "session", "login", query);
            auto deliveries = select_newest(database, delivery_columns, "delivery", "at", query);
            merge_newest_first(sessions, deliveries,
                               [&](const Activity& activity) { return row(activity) && --left > 0; });
        });
    }

    Result<void> last_logins(const std::optional<std::string>& user_glob,
                             const std::function<bool(const LastLogin&)>& row) const override {
        return in_snapshot([&](SQLite::Database& database) {
            Query statement(database,
                            "SELECT user, class, at, address, count FROM last_login ORDER BY user, class");
            bool go_on = true;
            while (go_on && statement.next()) {
                const LastLogin last = read_last_login(statement);
                go_on = !matches(user_glob, last.user) || row(last);
            }
        });
    }

    Result<StoreStatus> status() const override {
        StoreStatus status;
        const auto holder = LockFile::holder(file_.string() + ".lock");
        if (!holder) {
            return tl::make_unexpected(holder.error());
        }
        status.daemon_pid = *holder;
        status.database_bytes = bytes_of(file_) + bytes_of(file_.string() + "-wal");
        const auto read = in_snapshot([&](SQLite::Database& database) {
            status.daemon = read_daemon(database);
            Query count(database,
                        "SELECT count(*) FROM session INDEXED BY session_online WHERE logout IS NULL");
            count.next();
            status.sessions_online = static_cast<std::uint64_t>(count.integer());
        });
        if (!read) {
            return tl::make_unexpected(read.error());
        }
        return status;
    }

  private:
    template <typename Work>
    Result<void> in_snapshot(Work&& work) const {
        auto database = connect_reader(file_);
        if (!database) {
            return tl::make_unexpected(database.error());
        }
        return guarded(file_, [&] {
            const SQLite::Transaction snapshot(*database);
            work(*database);
        });
    }

    std::filesystem::path file_;
};

} // namespace

Result<std::unique_ptr<Reader>> Reader::open(const std::filesystem::path& file) {
    const auto database = connect_reader(file);
    if (!database) {
        return tl::make_unexpected(database.error());
    }
    std::error_code error;
    const std::filesystem::path real = std::filesystem::canonical(file, error);
    return std::make_unique<SqliteReader>(error ? file : real);
}

} // namespace dovewatch
