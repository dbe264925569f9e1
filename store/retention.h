// How long sessions and deliveries are kept, and their addresses.
#pragma once

#include "store/model.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <SQLiteCpp/Database.h>

namespace dovewatch {

// Ages count from the logout, or the delivery. No value: for ever.
struct RetentionPolicy {
    std::optional<std::chrono::days> keep_rows;
    std::optional<std::chrono::days> keep_addresses;
    // What then is left of an address; 0: nothing.
    unsigned ipv4_prefix_bits = 0;
    unsigned ipv6_prefix_bits = 0;

    bool keeps_all() const { return !keep_rows && !keep_addresses; }
};

// Works through the tables in small steps. What comes after a removed row in its user's chain is linked to
// what came before. Last logins and day summaries stay; the addresses of old last logins do not. Not
// thread-safe; throws SQLite::Exception.
class Retention {
  public:
    // Must not outlive the database.
    explicit Retention(SQLite::Database& database) : database_(database) {}

    // Looks at up to `rows` rows for a few milliseconds, in a transaction of the caller. False at the end of
    // the tables; the next call begins anew.
    bool step(const RetentionPolicy& policy, UtcTime now, std::size_t rows);

    std::uint64_t removed() const { return removed_; }
    std::uint64_t anonymised() const { return anonymised_; }

  private:
    enum class Part { sessions, deliveries, last_logins };

    bool sessions_step(const RetentionPolicy& policy, UtcTime now, std::size_t rows);
    bool deliveries_step(const RetentionPolicy& policy, UtcTime now, std::size_t rows);
    bool last_logins_step(const RetentionPolicy& policy, UtcTime now, std::size_t rows);

    SQLite::Database& database_;
    Part part_ = Part::sessions;
    std::int64_t after_ = 0; // the id that was looked at last
    std::string after_user_;
    std::string after_class_;
    std::uint64_t removed_ = 0;
    std::uint64_t anonymised_ = 0;
};

} // namespace dovewatch
