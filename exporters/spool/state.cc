#include "exporters/spool/state.h"

#include "store/row.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dovewatch::spool {
namespace {

// dirty: 0 no, 1 yes, 2 yes, and a killed run may have written the file.
// session: the one that statistics and logout are of, 0 none.
// login: with the session's id, what tells sessions apart. A store that lost its newest rows to a power cut,
// or came from a backup, gives their ids again. number: the change that counted the session; ids are given at
// login, so a long session's may be old.
constexpr const char* tables = R"(
CREATE TABLE IF NOT EXISTS spool_user (
    user TEXT NOT NULL PRIMARY KEY,
    counter INTEGER NOT NULL,
    written INTEGER,
    session INTEGER NOT NULL,
    statistics TEXT NOT NULL,
    logout INTEGER NOT NULL,
    dirty INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS spool_dirty ON spool_user (user) WHERE dirty > 0;
CREATE TABLE IF NOT EXISTS spool_counted (
    session INTEGER PRIMARY KEY,
    login INTEGER NOT NULL,
    number INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS spool_open (
    session INTEGER PRIMARY KEY,
    login INTEGER NOT NULL,
    user TEXT NOT NULL,
    service INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS spool_online ON spool_open (user);
)";

constexpr const char* select_dirty =
    "SELECT user, counter, written, session, statistics, logout, dirty,"
    " EXISTS (SELECT 1 FROM spool_open WHERE spool_open.user = spool_user.user)"
    " FROM spool_user WHERE dirty > 0 {} ORDER BY user LIMIT {}";

constexpr std::int64_t unsure = 2;

DirtyUser read_dirty(Query& row) {
    DirtyUser read;
    read.user = row.text();
    read.counter = row.integer();
    if (const auto written = row.time()) {
        read.written = to_column(*written);
    }
    read.has_ended = row.integer() != 0;
    read.statistics = row.text();
    read.logout = to_time(row.integer());
    read.is_unsure = row.integer() == unsure;
    read.is_online = row.integer() != 0;
    return read;
}

std::int64_t count_of(SQLite::Database& state, const std::string& table) {
    Query count(state, "SELECT count(*) FROM " + table);
    count.next();
    return count.integer();
}

bool remove_from(SQLite::Database& state, const char* sql, const std::string& user) {
    SQLite::Statement statement(state, sql);
    Binder(statement).text(user);
    return statement.exec() > 0;
}

} // namespace

void make_tables(SQLite::Database& state) {
    state.exec(tables);
}

void drop_open_sessions(SQLite::Database& state, const std::set<Service>& kept) {
    std::vector<int> numbers;
    numbers.reserve(kept.size());
    for (const Service service : kept) {
        numbers.push_back(static_cast<int>(service));
    }
    state.exec(fmt::format("DELETE FROM spool_open WHERE service NOT IN ({})", fmt::join(numbers, ", ")));
}

void prune_counted(SQLite::Database& state, std::int64_t remembered) {
    if (count_of(state, "spool_counted") <= remembered) {
        return;
    }
    SQLite::Statement prune(state,
                            "DELETE FROM spool_counted WHERE number <"
                            " (SELECT number FROM spool_counted ORDER BY number DESC LIMIT 1 OFFSET ?)");
    Binder(prune).integer(remembered - 1);
    prune.exec();
}

void make_unsure(SQLite::Database& state) {
    state.exec("UPDATE spool_user SET dirty = 2 WHERE dirty > 0");
}

std::vector<DirtyUser> dirty_users(SQLite::Database& state, const std::optional<std::string>& after,
                                   std::size_t limit) {
    Query rows(state, fmt::format(select_dirty, after ? "AND user > ?1" : "", limit));
    if (after) {
        rows.bind(1, *after);
    }
    std::vector<DirtyUser> users;
    while (rows.next()) {
        users.push_back(read_dirty(rows));
    }
    return users;
}

std::vector<std::string> online_users(SQLite::Database& state) {
    Query rows(state, "SELECT DISTINCT user FROM spool_open ORDER BY user");
    std::vector<std::string> users;
    while (rows.next()) {
        users.push_back(rows.text());
    }
    return users;
}

void mark_dirty(SQLite::Database& state, const std::vector<std::string>& users, UtcTime now) {
    SQLite::Statement mark(state, mark_dirty_sql);
    for (const std::string& user : users) {
        Binder(mark).text(user).time(now);
        mark.exec();
    }
}

bool remove_user(SQLite::Database& state, const std::string& user) {
    const bool known = remove_from(state, "DELETE FROM spool_user WHERE user = ?", user);
    const bool online = remove_from(state, "DELETE FROM spool_open WHERE user = ?", user);
    return known || online;
}

Marker::Marker(SQLite::Database& state)
    : written_(state, "UPDATE spool_user SET written = ?2, dirty = 0 WHERE user = ?1"),
      settled_(state, "UPDATE spool_user SET written = ?2, counter = ?3, dirty = 1 WHERE user = ?1") {}

void Marker::written(const DirtyUser& user) {
    Binder(written_).text(user.user).integer(user.counter);
    written_.exec();
}

void Marker::settled(const DirtyUser& user) {
    Binder(settled_).text(user.user).integer(*user.written).integer(user.counter);
    settled_.exec();
}

} // namespace dovewatch::spool
