// How the model's types stand in the columns of the tables.
#pragma once

#include "store/model.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

namespace dovewatch {

inline std::int64_t to_column(UtcTime time) {
    return time.time_since_epoch().count();
}

inline UtcTime to_time(std::int64_t column) {
    return UtcTime{std::chrono::microseconds{column}};
}

// Binds values to a statement's parameters in their order. Text is not copied: it must live until the
// statement was run. An address is text, or null.
class Binder {
  public:
    explicit Binder(SQLite::Statement& statement);

    Binder& integer(std::int64_t value);
    Binder& text(const std::string& value);
    Binder& address(const std::optional<Address>& value);
    Binder& time(const std::optional<UtcTime>& value);
    Binder& number(const std::optional<std::int64_t>& value);

  private:
    SQLite::Statement& statement_;
    int next_ = 1;
};

// A query that is being read, row by row and column by column in their order. Throws SQLite::Exception.
// SQLite's own interface below: SQLiteCpp's costs as much again as reading the row, and `dovewatch who`
// reads 100,000 of them. Must not outlive the database.
class Query {
  public:
    Query(const SQLite::Database& database, const std::string& sql);

    void bind(int parameter, std::int64_t value);
    void bind(int parameter, const std::string& value); // copied

    // False at the end.
    bool next();

    std::int64_t integer();
    std::string text();
    std::optional<Address> address();
    std::optional<UtcTime> time();
    std::optional<std::int64_t> number();

  private:
    void check(int code) const;

    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int column_ = 0;
};

inline constexpr std::string_view session_columns =
    "id, user, service, class, address, pid, process_start, login, estimated, hibernated, logout, \"end\", "
    "reason, statistics, top, retrieved, deleted, \"left\", bytes";

// The same without logout and end, which an online session has not: the columns of index session_online.
inline constexpr std::string_view online_columns =
    "id, user, service, class, address, pid, process_start, login, estimated, hibernated";

inline constexpr std::string_view delivery_columns = "user, service, class, address, pid, at";

Session read_online_session(Query& row); // online_columns
Session read_session(Query& row);        // session_columns
Delivery read_delivery(Query& row);      // delivery_columns

std::int64_t newest_change(const SQLite::Database& database); // see StoreChange; 0 where there is none

std::int64_t estimated_bits(const Session& session);

} // namespace dovewatch
