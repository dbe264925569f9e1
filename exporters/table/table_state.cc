#include "exporters/table/table_state.h"

#include "store/row.h"

#include <variant>

#include <SQLiteCpp/Savepoint.h>
#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>

namespace dovewatch::table {
namespace {

// Times are microseconds since 1970. Without a due_at in the past a mailbox is not counted; a user who is new
// has the oldest.
constexpr const char* schema = R"sql(
CREATE TABLE IF NOT EXISTS table_user(
    user TEXT PRIMARY KEY,
    last_pop3_end INTEGER,
    nfiles INTEGER,
    bytes INTEGER,
    cause TEXT NOT NULL DEFAULT 'not counted yet',
    counted_at INTEGER,
    due_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS table_user_due ON table_user(due_at);
CREATE TABLE IF NOT EXISTS table_online(
    id INTEGER PRIMARY KEY,
    user TEXT NOT NULL,
    service INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS table_online_user ON table_online(user, service);
)sql";

constexpr const char* mark_due = R"sql(
UPDATE table_user SET due_at = min(due_at, ?2), version = version + 1
WHERE user = ?1 AND (NOT ?3 OR counted_at IS NULL OR counted_at < ?2)
)sql";

constexpr const char* store_count = R"sql(
UPDATE table_user SET nfiles = ?2, bytes = ?3, cause = ?4, counted_at = ?5,
    due_at = CASE version WHEN ?6 THEN ?5 + ?7 ELSE ?5 END
WHERE user = ?1
)sql";

std::int64_t microseconds(std::chrono::seconds time) {
    return std::chrono::microseconds(time).count();
}

void bind(SQLite::Statement& statement, int parameter, const std::optional<std::int64_t>& value) {
    if (value) {
        statement.bind(parameter, *value);
    } else {
        statement.bind(parameter);
    }
}

// One call of TableState::take.
class Taker {
  public:
    Taker(SQLite::Database& database, bool replayed)
        : know_(database, "INSERT INTO table_user(user) VALUES(?1) ON CONFLICT DO NOTHING"),
          begin_(database, "INSERT OR REPLACE INTO table_online(id, user, service) VALUES(?1, ?2, ?3)"),
          end_(database, "DELETE FROM table_online WHERE id = ?1"),
          end_pop3_(database, "UPDATE table_user SET last_pop3_end = max(ifnull(last_pop3_end, ?2), ?2) "
                              "WHERE user = ?1"),
          mark_due_(database, mark_due), replayed_(replayed) {}

    void operator()(const Session& session) {
        know(session.user);
        if (!session.logout) {
            Binder(begin_)
                .integer(session.id)
                .text(session.user)
                .integer(static_cast<std::int64_t>(session.service));
            begin_.exec();
            return;
        }
        Binder(end_).integer(session.id);
        end_.exec();
        if (session.service == Service::pop3) {
            Binder(end_pop3_).text(session.user).time(session.logout);
            end_pop3_.exec();
        }
        make_due(session.user, *session.logout);
    }

    void operator()(const Delivery& delivery) { know(delivery.user); }

  private:
    void know(const std::string& user) {
        Binder(know_).text(user);
        know_.exec();
    }

    void make_due(const std::string& user, UtcTime at) {
        Binder(mark_due_).text(user).time(at).integer(replayed_ ? 1 : 0);
        mark_due_.exec();
    }

    SQLite::Statement know_;
    SQLite::Statement begin_;
    SQLite::Statement end_;
    SQLite::Statement end_pop3_;
    SQLite::Statement mark_due_;
    bool replayed_;
};

std::string select_users(std::span<const Service> services) {
    std::string numbers;
    for (const Service service : services) {
        numbers += fmt::format("{}{}", numbers.empty() ? "" : ",", static_cast<int>(service));
    }
    return fmt::format("SELECT u.user, EXISTS(SELECT 1 FROM table_online o WHERE o.user = u.user "
                       "AND o.service IN ({})), u.last_pop3_end, ifnull(u.nfiles, -1), ifnull(u.bytes, -1) "
                       "FROM table_user u ORDER BY u.user",
                       numbers);
}

std::optional<std::int64_t> known(std::int64_t number) {
    return number < 0 ? std::nullopt : std::optional(number);
}

UserState read_user(Query& row) {
    UserState state;
    state.user = row.text();
    state.online = row.integer() != 0;
    state.last_pop3_end = row.time();
    state.files = known(row.integer());
    state.bytes = known(row.integer());
    return state;
}

} // namespace

void TableState::prepare(std::chrono::seconds max_age) {
    database_.exec(schema);
    SQLite::Statement shorten(database_, "UPDATE table_user SET due_at = counted_at + ?1 "
                                         "WHERE due_at > counted_at + ?1");
    Binder(shorten).integer(microseconds(max_age));
    shorten.exec();
}

void TableState::take(std::span<const StoreChange> changes, bool replayed) {
    Taker take_one(database_, replayed);
    for (const StoreChange& change : changes) {
        std::visit(take_one, change.row);
    }
}

std::vector<DueMailbox> TableState::due(UtcTime now, std::size_t most) const {
    Query query(database_,
                "SELECT user, version FROM table_user WHERE due_at <= ?1 ORDER BY due_at, user LIMIT ?2");
    query.bind(1, to_column(now));
    query.bind(2, static_cast<std::int64_t>(most));
    std::vector<DueMailbox> found;
    while (query.next()) {
        std::string user = query.text();
        found.push_back({std::move(user), query.integer()});
    }
    return found;
}

std::optional<UtcTime> TableState::next_due() const {
    Query query(database_, "SELECT min(due_at) FROM table_user");
    return query.next() ? query.time() : std::nullopt;
}

void TableState::store(std::span<const Count> counts, std::chrono::seconds max_age) {
    SQLite::Savepoint whole(database_, "table_counts");
    SQLite::Statement statement(database_, store_count);
    for (const Count& count : counts) {
        statement.tryReset();
        statement.bind(1, count.mailbox.user);
        bind(statement, 2, count.size.files);
        bind(statement, 3, count.size.bytes);
        statement.bind(4, count.size.cause);
        statement.bind(5, to_column(count.at));
        statement.bind(6, count.mailbox.version);
        statement.bind(7, microseconds(max_age));
        statement.exec();
    }
    whole.release();
}

void TableState::each_user(std::span<const Service> services,
                           const std::function<void(const UserState&)>& visit) const {
    Query query(database_, select_users(services));
    while (query.next()) {
        visit(read_user(query));
    }
}

void TableState::forget(const std::string& user) {
    database_.exec(schema); // the exporter may never have run
    SQLite::Savepoint whole(database_, "table_forget");
    for (const char* sql :
         {"DELETE FROM table_user WHERE user = ?1", "DELETE FROM table_online WHERE user = ?1"}) {
        SQLite::Statement statement(database_, sql);
        Binder(statement).text(user);
        statement.exec();
    }
    whole.release();
}

} // namespace dovewatch::table
