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

Forgotten forget(SQLite::Database& database, const std::string& user) {
    Forgotten forgotten;
    keep_ids(database);
    const auto sessions =
        ids_of(database, "SELECT id FROM session WHERE user = ? AND logout IS NOT NULL", user);
    const auto deliveries = ids_of(database, "SELECT id FROM delivery WHERE user = ?", user);
    remove_rows(database, "DELETE FROM session WHERE id = ?", sessions);
    remove_rows(database, "DELETE FROM delivery WHERE id = ?", deliveries);
    forgotten.sessions = sessions.size();
    forgotten.deliveries = deliveries.size();
    forgotten.still_online =
        ids_of(database, "SELECT id FROM session WHERE user = ? AND logout IS NULL", user).size();
    if (forgotten.still_online == 0) {
        SQLite::Statement last(database, "DELETE FROM last_login WHERE user = ?");
        Binder(last).text(user);
        forgotten.last_logins = static_cast<std::uint64_t>(last.exec());
    }
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
