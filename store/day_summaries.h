// What each day brought to each service class, summed up while it happens.
#pragma once

#include "store/model.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

namespace dovewatch {

// Not thread-safe. All within the caller's transaction; throws SQLite::Exception. After a transaction that
// failed, `forget_changes` must be called.
class DaySummaries {
  public:
    // Must not outlive the database.
    explicit DaySummaries(SQLite::Database& database);

    // The changes of one commit, in order.
    void take(std::span<const SessionChange> changes);

    // A user's first login or delivery of that day in the class.
    void count_user(UtcTime at, const std::string& service_class);

    void write();

    // What was taken since `write` was not stored.
    void forget_changes();

    static std::int64_t day_of(UtcTime time);

  private:
    struct Sums {
        std::int64_t logins = 0;
        std::int64_t users = 0;
        std::int64_t peak_online = 0;
        std::int64_t bytes = 0;
    };
    using Online = std::map<std::string, std::int64_t, std::less<>>;

    void take(const SessionChange& change);
    void count_login(UtcTime at, const std::string& service_class);
    void count_online(const Session& session, UtcTime at, std::int64_t by);
    void count_bytes(const Session& session);
    Sums& sums(UtcTime at, const std::string& service_class);

    SQLite::Statement upsert_;
    Online online_; // by service class
    Online stored_online_;
    std::map<std::pair<std::int64_t, std::string>, Sums> sums_; // by day and service class; not stored yet
};

} // namespace dovewatch
