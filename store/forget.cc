#include "store/forget.h"

#include "store/connection.h"
#include "store/database_error.h"
#include "store/row.h"

#include <algorithm>
#include <span>
#include <vector>

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>

namespace dovewatch {
namespace {

constexpr std::size_t rows_per_transaction = 200;

std::vector<std::int64_t> ids_of(const SQLite::Database& database, const char* sql, const std::string& user) {
    Query row(database, sql);
    row.bind(1, user);
    std::vector<std::int64_t> ids;
    while (row.next()) {
        ids.push_back(row.integer());
    }
    return ids;
}

void remove_rows(SQLite::Database& database, const char* sql, std::span<const std::int64_t> ids) {
    while (!ids.empty()) {
        const auto some = ids.first(std::min(ids.size(), rows_per_transaction));
        SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
        SQLite::Statement remove(database, sql);
        for (const std::int64_t id : some) {
            Binder(remove).integer(id);
            remove.exec();
        }
        transaction.commit();
        ids = ids.subspan(some.size());
    }
}

// Their ids must not come again: exporters remember them.
void keep_ids(SQLite::Database& database) {
    database.exec("UPDATE house SET next_session = "
                  "max(next_session, coalesce((SELECT max(id) FROM session), 0) + 1)");
}

// What the writer added or ended while the rest was being removed, and the way to the rows.
void forget_newest(SQLite::Database& database, const std::string& user, std::int64_t seen,
                   Forgotten& forgotten) {
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    SQLite::Statement sessions(database,
                               "DELETE FROM session WHERE change > ? AND user = ? AND logout IS NOT NULL");
    Binder(sessions).integer(seen).text(user);
    forgotten.sessions += static_cast<std::uint64_t>(sessions.exec());
    SQLite::Statement deliveries(database, "DELETE FROM delivery WHERE id > ? AND user = ?");
    Binder(deliveries).integer(seen).text(user);
    forgotten.deliveries += static_cast<std::uint64_t>(deliveries.exec());
    forgotten.still_online =
        ids_of(database, "SELECT id FROM session WHERE user = ? AND logout IS NULL", user).size();
    if (forgotten.still_online == 0) {
        SQLite::Statement last(database, "DELETE FROM last_login WHERE user = ?");
        Binder(last).text(user);
        forgotten.last_logins = static_cast<std::uint64_t>(last.exec());
    }
    transaction.commit();
}

// Takes what was overwritten out of the log too. Left to the writer where readers hold it.
void empty_log(SQLite::Database& database) {
    SQLite::Statement checkpoint(database, "PRAGMA wal_checkpoint(TRUNCATE)");
    checkpoint.executeStep();
}

Forgotten forget(SQLite::Database& database, const std::string& user) {
    Forgotten forgotten;
    keep_ids(database);
    const std::int64_t seen = newest_change(database);
    const auto sessions =
        ids_of(database, "SELECT id FROM session WHERE user = ? AND logout IS NOT NULL", user);
    const auto deliveries = ids_of(database, "SELECT id FROM delivery WHERE user = ?", user);
    remove_rows(database, "DELETE FROM session WHERE id = ?", sessions);
    remove_rows(database, "DELETE FROM delivery WHERE id = ?", deliveries);
    forgotten.sessions = sessions.size();
    forgotten.deliveries = deliveries.size();
    forget_newest(database, user, seen, forgotten);
    empty_log(database);
    return forgotten;
}

} // namespace

Result<Forgotten> forget_user(const std::filesystem::path& file, const std::string& user) {
    auto database = connect_beside_writer(file);
    if (!database) {
        return tl::make_unexpected(database.error());
    }
    return guarded(file, [&]() -> Result<Forgotten> {
        database->exec("PRAGMA secure_delete = ON");
        return forget(*database, user);
    });
}

} // namespace dovewatch
