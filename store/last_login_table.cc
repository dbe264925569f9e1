#include "store/last_login_table.h"

#include <SQLiteCpp/Column.h>

namespace dovewatch {
namespace {

std::optional<std::int64_t> number(const SQLite::Column& column) {
    return column.isNull() ? std::nullopt : std::optional(column.getInt64());
}

} // namespace

LastLoginTable::LastLoginTable(SQLite::Database& database)
    : find_(database, "SELECT at, address, count, newest_session, newest_delivery FROM last_login "
                      "WHERE user = ? AND class = ?"),
      replace_(database, "INSERT OR REPLACE INTO last_login(user, class, at, address, count, newest_session, "
                         "newest_delivery) VALUES(?, ?, ?, ?, ?, ?, ?)") {}

std::optional<LastLoginTable::Row> LastLoginTable::find(const std::string& user,
                                                        const std::string& service_class) {
    Binder(find_).text(user).text(service_class);
    std::optional<Row> row;
    if (find_.executeStep()) {
        const SQLite::Column address = find_.getColumn(1);
        row = Row{to_time(find_.getColumn(0).getInt64()),
                  address.isNull() ? std::nullopt : Address::parse(address.getText()),
                  find_.getColumn(2).getInt64(), number(find_.getColumn(3)), number(find_.getColumn(4))};
    }
    find_.tryReset();
    return row;
}

void LastLoginTable::replace(const std::string& user, const std::string& service_class, const Row& row) {
    Binder(replace_)
        .text(user)
        .text(service_class)
        .time(row.at)
        .address(row.address)
        .integer(row.count)
        .number(row.newest_session)
        .number(row.newest_delivery);
    replace_.exec();
    replace_.tryReset();
}

LastLoginTable::Row merged(const std::optional<LastLoginTable::Row>& before, const Batch::LastLoginRow& row) {
    LastLoginTable::Row after = before.value_or(LastLoginTable::Row{row.at, *row.address, 0, {}, {}});
    if (row.at >= after.at) {
        after.at = row.at;
        after.address = *row.address;
    }
    after.count += row.count;
    return after;
}

} // namespace dovewatch
