#include "store/row.h"

#include <SQLiteCpp/Exception.h>

namespace dovewatch {
namespace {

constexpr std::int64_t login_estimated_bit = 1;
constexpr std::int64_t logout_estimated_bit = 2;

Session read_common(Query& row) {
    Session session;
    session.id = row.integer();
    session.user = row.text();
    session.service = static_cast<Service>(row.integer());
    session.service_class = row.text();
    session.address = row.address();
    session.process.pid = static_cast<std::int32_t>(row.integer());
    session.process.start_ticks = row.integer();
    session.login = to_time(row.integer());
    const std::int64_t estimated = row.integer();
    session.login_estimated = (estimated & login_estimated_bit) != 0;
    session.logout_estimated = (estimated & logout_estimated_bit) != 0;
    session.hibernated = row.integer() != 0;
    return session;
}

} // namespace

Binder::Binder(SQLite::Statement& statement) : statement_(statement) {
    statement_.tryReset(); // also after a failed run, whose error it would report again
}

Binder& Binder::integer(std::int64_t value) {
    statement_.bind(next_++, value);
    return *this;
}

Binder& Binder::text(const std::string& value) {
    statement_.bindNoCopy(next_++, value);
    return *this;
}

Binder& Binder::address(const std::optional<Address>& value) {
    if (value) {
        statement_.bind(next_++, value->to_string());
    } else {
        statement_.bind(next_++);
    }
    return *this;
}

Binder& Binder::time(const std::optional<UtcTime>& value) {
    return number(value ? std::optional(to_column(*value)) : std::nullopt);
}

Binder& Binder::number(const std::optional<std::int64_t>& value) {
    if (value) {
        statement_.bind(next_++, *value);
    } else {
        statement_.bind(next_++);
    }
    return *this;
}

Query::Query(const SQLite::Database& database, const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v2(database.getHandle(), sql.data(), static_cast<int>(sql.size()),
                                        &statement, nullptr);
    statement_.reset(statement);
    if (code != SQLITE_OK) {
        throw SQLite::Exception(database.getHandle(), code);
    }
}

void Query::check(int code) const {
    if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) {
        throw SQLite::Exception(sqlite3_db_handle(statement_.get()), code);
    }
}

void Query::bind(int parameter, std::int64_t value) {
    check(sqlite3_bind_int64(statement_.get(), parameter, value));
}

void Query::bind(int parameter, const std::string& value) {
    check(sqlite3_bind_text(statement_.get(), parameter, value.data(), static_cast<int>(value.size()),
                            SQLITE_TRANSIENT)); // NOLINT
}

bool Query::next() {
    const int code = sqlite3_step(statement_.get());
    check(code);
    column_ = 0;
    return code == SQLITE_ROW;
}

std::int64_t Query::integer() {
    return sqlite3_column_int64(statement_.get(), column_++);
}

std::string Query::text() {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column_));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column_));
    ++column_;
    return text == nullptr ? std::string() : std::string(text, size);
}

std::optional<Address> Query::address() {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column_++));
    return text == nullptr ? std::nullopt : Address::parse(text);
}

std::optional<std::int64_t> Query::number() {
    if (sqlite3_column_type(statement_.get(), column_) == SQLITE_NULL) {
        ++column_;
        return std::nullopt;
    }
    return integer();
}

std::optional<UtcTime> Query::time() {
    const auto column = number();
    return column ? std::optional(to_time(*column)) : std::nullopt;
}

Session read_online_session(Query& row) {
    return read_common(row);
}

Session read_session(Query& row) {
    Session session = read_common(row);
    session.logout = row.time();
    session.end = static_cast<End>(row.integer());
    session.reason = row.text();
    session.statistics = row.text();
    for (auto* number : {&session.numbers.top, &session.numbers.retrieved, &session.numbers.deleted,
                         &session.numbers.left, &session.numbers.bytes}) {
        *number = row.number();
    }
    return session;
}

Delivery read_delivery(Query& row) {
    Delivery delivery;
    delivery.user = row.text();
    delivery.service = static_cast<Service>(row.integer());
    delivery.service_class = row.text();
    delivery.address = row.address();
    delivery.pid = static_cast<std::int32_t>(row.integer());
    delivery.at = *row.time();
    return delivery;
}

std::int64_t newest_change(const SQLite::Database& database) {
    Query row(database, "SELECT max(coalesce((SELECT max(change) FROM session), 0), "
                        "coalesce((SELECT max(id) FROM delivery), 0))");
    return row.next() ? row.integer() : 0;
}

std::int64_t estimated_bits(const Session& session) {
    return (session.login_estimated ? login_estimated_bit : 0) |
           (session.logout_estimated ? logout_estimated_bit : 0);
}

} // namespace dovewatch
