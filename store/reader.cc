#include "store/reader.h"

#include "store/connection.h"
#include "store/database_error.h"
#include "store/lock_file.h"
#include "store/row.h"
#include "store/user_glob.h"

#include <string_view>
#include <system_error>
#include <utility>

#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>

namespace dovewatch {
namespace {

bool matches(const SessionFilter& filter, const Session& session) {
    if (filter.service && session.service != *filter.service) {
        return false;
    }
    return !filter.network || (session.address && filter.network->contains(*session.address));
}

// What is known of one user hangs together from last_login on; all others are found by time.
std::string source_of(std::string_view table, std::string_view newest, const ActivityQuery& query) {
    if (!query.user) {
        return std::string(table);
    }
    return fmt::format("(WITH RECURSIVE chain(id) AS ("
                       "SELECT {0} FROM last_login WHERE user = ?1 AND {0} IS NOT NULL "
                       "UNION SELECT previous FROM chain JOIN {1} USING(id) WHERE previous IS NOT NULL) "
                       "SELECT {1}.* FROM chain JOIN {1} USING(id))",
                       newest, table);
}

// "SELECT COLUMNS FROM TABLE" with what of the query SQL can do, newest first.
Query select_newest(SQLite::Database& database, std::string_view columns, std::string_view table,
                    std::string_view newest, std::string_view time, const ActivityQuery& query) {
    std::string sql = fmt::format("SELECT {} FROM {} WHERE 1", columns, source_of(table, newest, query));
    if (query.since) {
        sql += fmt::format(" AND {} >= ?2", time);
    }
    if (query.until) {
        sql += fmt::format(" AND {} < ?3", time);
    }
    sql += fmt::format(" ORDER BY {} DESC, id DESC", time);
    Query statement(database, sql);
    if (query.user) {
        statement.bind(1, *query.user);
    }
    if (query.since) {
        statement.bind(2, to_column(*query.since));
    }
    if (query.until) {
        statement.bind(3, to_column(*query.until));
    }
    return statement;
}

// Hands on the rows of the users that match, of a statement that begins at their common prefix (?1).
template <typename Row>
void put_users(Query& statement, const std::optional<std::string>& glob, Row (*read)(Query&),
               const std::function<bool(const Row&)>& row) {
    const std::string prefix = literal_prefix(glob);
    statement.bind(1, prefix);
    bool go_on = true;
    while (go_on && statement.next()) {
        const Row each = read(statement);
        go_on = each.user.starts_with(prefix) && (!matches_user(glob, each.user) || row(each));
    }
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

StoreChange read_session_change(Query& row) {
    const std::int64_t number = row.integer();
    return {number, read_session(row)};
}

StoreChange read_delivery_change(Query& row) {
    const std::int64_t number = row.integer();
    return {number, read_delivery(row)};
}

std::vector<StoreChange> merge_changes(Query& sessions, Query& deliveries, std::size_t limit) {
    std::vector<StoreChange> changes;
    auto session = next_row(sessions, read_session_change);
    auto delivery = next_row(deliveries, read_delivery_change);
    while (changes.size() < limit && (session || delivery)) {
        if (session && (!delivery || session->number < delivery->number)) {
            changes.push_back(*std::exchange(session, next_row(sessions, read_session_change)));
        } else {
            changes.push_back(*std::exchange(delivery, next_row(deliveries, read_delivery_change)));
        }
    }
    return changes;
}

DaySummary read_summary(Query& row) {
    DaySummary summary;
    summary.day = std::chrono::sys_days{std::chrono::days{row.integer()}};
    summary.service_class = row.text();
    summary.logins = row.integer();
    summary.users = row.integer();
    summary.peak_online = row.integer();
    summary.bytes = row.integer();
    return summary;
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

// The row of each user that no other one of the user is newer than. Of those that are equally new, the first.
Query select_inactive(SQLite::Database& database, const InactiveQuery& query) {
    const std::string_view counts = query.service_class ? "class = ?2" : "class NOT IN ('lmtp', 'lda')";
    Query statement(database,
                    fmt::format("SELECT user, class, at, address, count FROM last_login AS old "
                                "WHERE at < ?1 AND {0} AND NOT EXISTS (SELECT 1 FROM last_login AS other "
                                "WHERE other.user = old.user AND {0} AND (other.at > old.at "
                                "OR (other.at = old.at AND other.class < old.class))) ORDER BY at, user",
                                counts));
    statement.bind(1, to_column(query.before));
    if (query.service_class) {
        statement.bind(2, *query.service_class);
    }
    return statement;
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
                                                  "WHERE logout IS NULL AND user >= ?1 ORDER BY user, login",
                                                  online_columns));
            put_users<Session>(statement, filter.user_glob, read_online_session, [&](const Session& session) {
                return !matches(filter, session) || row(session);
            });
        });
    }

    Result<void> activity(const ActivityQuery& query,
                          const std::function<bool(const Activity&)>& row) const override {
        std::uint64_t left = query.limit.value_or(UINT64_MAX);
        if (left == 0) {
            return {};
        }
        return in_snapshot([&](SQLite::Database& database) {
            auto sessions =
                select_newest(database, session_columns, "session", "newest_session", "login", query);
            auto deliveries =
                select_newest(database, delivery_columns, "delivery", "newest_delivery", "at", query);
            merge_newest_first(sessions, deliveries,
                               [&](const Activity& activity) { return row(activity) && --left > 0; });
        });
    }

    Result<void> last_logins(const std::optional<std::string>& user_glob,
                             const std::function<bool(const LastLogin&)>& row) const override {
        return in_snapshot([&](SQLite::Database& database) {
            Query statement(database, "SELECT user, class, at, address, count FROM last_login "
                                      "WHERE user >= ?1 ORDER BY user, class");
            put_users<LastLogin>(statement, user_glob, read_last_login, row);
        });
    }

    Result<void> inactive(const InactiveQuery& query,
                          const std::function<bool(const LastLogin&)>& row) const override {
        return in_snapshot([&](SQLite::Database& database) {
            Query statement = select_inactive(database, query);
            bool go_on = true;
            while (go_on && statement.next()) {
                const LastLogin last = read_last_login(statement);
                go_on = !matches_user(query.user_glob, last.user) || row(last);
            }
        });
    }

    Result<std::vector<StoreChange>> changes(std::int64_t after, std::size_t limit) const override {
        std::vector<StoreChange> changes;
        const auto read = in_snapshot([&](SQLite::Database& database) {
            Query sessions(database, fmt::format("SELECT change, {} FROM session WHERE change > ?1 "
                                                 "ORDER BY change LIMIT ?2",
                                                 session_columns));
            Query deliveries(database, fmt::format("SELECT id, {} FROM delivery WHERE id > ?1 "
                                                   "ORDER BY id LIMIT ?2",
                                                   delivery_columns));
            for (Query* query : {&sessions, &deliveries}) {
                query->bind(1, after);
                query->bind(2, static_cast<std::int64_t>(limit));
            }
            changes = merge_changes(sessions, deliveries, limit);
        });
        if (!read) {
            return tl::make_unexpected(read.error());
        }
        return changes;
    }

    Result<Backlog> backlog(std::int64_t after) const override {
        Backlog backlog;
        const auto read = in_snapshot([&](SQLite::Database& database) {
            for (const char* sql : {"SELECT count(*), min(change) FROM session WHERE change > ?",
                                    "SELECT count(*), min(id) FROM delivery WHERE id > ?"}) {
                Query row(database, sql);
                row.bind(1, after);
                row.next();
                backlog.rows += static_cast<std::uint64_t>(row.integer());
                if (const auto oldest = row.time()) {
                    backlog.oldest = std::min(backlog.oldest.value_or(*oldest), *oldest);
                }
            }
        });
        if (!read) {
            return tl::make_unexpected(read.error());
        }
        return backlog;
    }

    Result<void> summaries(const std::function<bool(const DaySummary&)>& row) const override {
        return in_snapshot([&](SQLite::Database& database) {
            Query statement(database, "SELECT day, class, logins, users, peak_online, bytes FROM summary "
                                      "ORDER BY day, class");
            bool go_on = true;
            while (go_on && statement.next()) {
                go_on = row(read_summary(statement));
            }
        });
    }

    Result<std::int64_t> newest_change() const override {
        std::int64_t newest = 0;
        return in_snapshot([&](SQLite::Database& database) { newest = dovewatch::newest_change(database); })
            .map([&] { return newest; });
    }

    Result<std::string> identity() const override {
        std::string identity;
        const auto read = in_snapshot([&](SQLite::Database& database) {
            Query row(database, "SELECT identity FROM house");
            row.next();
            identity = row.text();
        });
        if (!read) {
            return tl::make_unexpected(read.error());
        }
        return identity;
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
