#include "store/day_summaries.h"

#include "store/row.h"

#include <algorithm>

namespace dovewatch {
namespace {

constexpr const char* upsert_sql = R"sql(
INSERT INTO summary(day, class, logins, users, peak_online, bytes) VALUES(?, ?, ?, ?, ?, ?)
ON CONFLICT(day, class) DO UPDATE SET
    logins = logins + excluded.logins,
    users = users + excluded.users,
    peak_online = max(peak_online, excluded.peak_online),
    bytes = bytes + excluded.bytes
)sql";

constexpr const char* online_sql =
    "SELECT class, count(*) FROM session INDEXED BY session_online WHERE logout IS NULL GROUP BY class";

} // namespace

DaySummaries::DaySummaries(SQLite::Database& database) : upsert_(database, upsert_sql) {
    Query row(database, online_sql);
    while (row.next()) {
        std::string service_class = row.text();
        online_[std::move(service_class)] = row.integer();
    }
    stored_online_ = online_;
}

std::int64_t DaySummaries::day_of(UtcTime time) {
    return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

DaySummaries::Sums& DaySummaries::sums(UtcTime at, const std::string& service_class) {
    return sums_[{day_of(at), service_class}];
}

void DaySummaries::take(std::span<const SessionChange> changes) {
    for (const SessionChange& change : changes) {
        take(change);
    }
}

void DaySummaries::take(const SessionChange& change) {
    if (const auto* began = std::get_if<SessionBegan>(&change)) {
        count_login(began->session.login, began->session.service_class);
        count_online(began->session, began->session.login, 1);
    } else if (const auto* ended = std::get_if<SessionEnded>(&change)) {
        count_online(ended->session, ended->session.logout.value_or(ended->session.login), -1);
        count_bytes(ended->session);
    } else if (const auto* reopened = std::get_if<SessionReopened>(&change)) {
        count_online(reopened->session, reopened->session.login, 1);
    } else if (const auto* updated = std::get_if<SessionUpdated>(&change)) {
        count_bytes(updated->session);
    } else {
        const Delivery& delivery = std::get<Delivered>(change).delivery;
        count_login(delivery.at, delivery.service_class);
    }
}

void DaySummaries::count_login(UtcTime at, const std::string& service_class) {
    ++sums(at, service_class).logins;
}

void DaySummaries::count_user(UtcTime at, const std::string& service_class) {
    ++sums(at, service_class).users;
}

void DaySummaries::count_online(const Session& session, UtcTime at, std::int64_t by) {
    std::int64_t& online = online_[session.service_class];
    online = std::max<std::int64_t>(0, online + by);
    if (by > 0) {
        Sums& day = sums(at, session.service_class);
        day.peak_online = std::max(day.peak_online, online);
    }
}

// They come with the end, or once after it.
void DaySummaries::count_bytes(const Session& session) {
    if (session.logout && session.numbers.bytes) {
        sums(*session.logout, session.service_class).bytes += *session.numbers.bytes;
    }
}

void DaySummaries::write() {
    for (const auto& [key, sums] : sums_) {
        Binder(upsert_)
            .integer(key.first)
            .text(key.second)
            .integer(sums.logins)
            .integer(sums.users)
            .integer(sums.peak_online)
            .integer(sums.bytes);
        upsert_.exec();
        upsert_.tryReset();
    }
    sums_.clear();
    stored_online_ = online_;
}

void DaySummaries::forget_changes() {
    sums_.clear();
    online_ = stored_online_;
}

} // namespace dovewatch
