// The table of last logins, through which the rows of one user hang together: it names the newest session and
// delivery of a user and service class, and each of those the one before.
#pragma once

#include "store/batch.h"
#include "store/row.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dovewatch {

// Not thread-safe. All within the caller's transaction; throws SQLite::Exception.
class LastLoginTable {
  public:
    struct Row {
        UtcTime at{};
        std::optional<Address> address;
        std::int64_t count = 0;
        std::optional<std::int64_t> newest_session;
        std::optional<std::int64_t> newest_delivery;
    };

    // Must not outlive the database.
    explicit LastLoginTable(SQLite::Database& database);

    std::optional<Row> find(const std::string& user, const std::string& service_class);
    void replace(const std::string& user, const std::string& service_class, const Row& row);

  private:
    SQLite::Statement find_;
    SQLite::Statement replace_;
};

// What the batch makes of a row: a later time wins, the counts add up.
LastLoginTable::Row merged(const std::optional<LastLoginTable::Row>& before, const Batch::LastLoginRow& row);

} // namespace dovewatch
