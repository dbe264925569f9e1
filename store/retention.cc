#include "store/retention.h"

#include "store/address.h"
#include "store/row.h"

#include <algorithm>

#include <SQLiteCpp/Statement.h>

namespace dovewatch {
namespace {

using Clock = std::chrono::steady_clock;

// Where a user's chain is long, one row can take milliseconds.
constexpr std::chrono::milliseconds step_time(5);

// The rows that lead to one of the user's sessions: see LastLoginTable.
constexpr const char* successor_sql = R"sql(
WITH RECURSIVE chain(id, previous) AS (
    SELECT session.id, session.previous FROM last_login JOIN session ON session.id = newest_session
        WHERE last_login.user = ?1
    UNION SELECT session.id, session.previous FROM chain JOIN session ON session.id = chain.previous)
SELECT id FROM chain WHERE previous = ?2
)sql";

std::optional<UtcTime> limit_of(const std::optional<std::chrono::days>& age, UtcTime now) {
    return age ? std::optional(now - *age) : std::nullopt;
}

struct Limits {
    Limits(const RetentionPolicy& policy, UtcTime now)
        : rows(limit_of(policy.keep_rows, now)), addresses(limit_of(policy.keep_addresses, now)),
          youngest(std::max(rows.value_or(UtcTime::min()), addresses.value_or(UtcTime::min()))) {}

    std::optional<UtcTime> rows;
    std::optional<UtcTime> addresses;
    UtcTime youngest; // nothing is to be done from here on
};

bool is_before(UtcTime time, const std::optional<UtcTime>& limit) {
    return limit && time < *limit;
}

// A row from the future tells only of a clock that was wrong, and nothing of those behind it.
bool is_within(UtcTime time, UtcTime begin, UtcTime end) {
    return begin <= time && time <= end;
}

std::optional<Address> masked(const Address& address, const RetentionPolicy& policy) {
    const bool is_ipv4 = address.bytes().size() == 4;
    const unsigned bits = is_ipv4 ? policy.ipv4_prefix_bits : policy.ipv6_prefix_bits;
    return bits == 0 ? std::nullopt : std::optional(address.prefix(bits));
}

void set_address(SQLite::Statement& update, const std::optional<Address>& address, std::int64_t id) {
    Binder(update).address(address).integer(id);
    update.exec();
}

bool exists(const SQLite::Database& database, std::int64_t session) {
    Query row(database, "SELECT 1 FROM session WHERE id = ?");
    row.bind(1, session);
    return row.next();
}

void relink(SQLite::Database& database, const std::string& user, std::int64_t id, std::int64_t previous) {
    SQLite::Statement newest(
        database, "UPDATE last_login SET newest_session = ? WHERE user = ? AND newest_session = ?");
    Binder(newest).integer(previous).text(user).integer(id);
    if (newest.exec() > 0) {
        return;
    }
    Query successor(database, successor_sql);
    successor.bind(1, user);
    successor.bind(2, id);
    if (successor.next()) {
        SQLite::Statement update(database, "UPDATE session SET previous = ? WHERE id = ?");
        Binder(update).integer(previous).integer(successor.integer());
        update.exec();
    }
}

struct OldRow {
    std::int64_t id = 0;
    std::optional<UtcTime> end; // none: still online
    UtcTime begin{};
    bool is_exact = true; // its begin was seen, so it is in the order of the ids
    std::optional<Address> address;
};

std::vector<OldRow> read_rows(const SQLite::Database& database, const char* sql, std::int64_t after,
                              std::size_t rows) {
    Query row(database, sql);
    row.bind(1, after);
    row.bind(2, static_cast<std::int64_t>(rows));
    std::vector<OldRow> old;
    while (row.next()) {
        OldRow& one = old.emplace_back();
        one.id = row.integer();
        one.end = row.time();
        one.begin = to_time(row.integer());
        one.is_exact = row.integer() == 0;
        one.address = row.address();
    }
    return old;
}

// And keeps its user's chain whole.
void remove_session(SQLite::Database& database, std::int64_t id) {
    Query row(database, "SELECT user, previous FROM session WHERE id = ?");
    row.bind(1, id);
    if (!row.next()) {
        return;
    }
    const std::string user = row.text();
    const auto previous = row.number();
    if (previous && exists(database, *previous)) {
        relink(database, user, id, *previous);
    }
    SQLite::Statement keep_id(database, "UPDATE house SET next_session = max(next_session, ?)");
    Binder(keep_id).integer(id + 1);
    keep_id.exec();
    SQLite::Statement remove(database, "DELETE FROM session WHERE id = ?");
    Binder(remove).integer(id);
    remove.exec();
}

} // namespace

bool Retention::step(const RetentionPolicy& policy, UtcTime now, std::size_t rows) {
    bool more = false;
    switch (part_) {
    case Part::sessions:
        more = sessions_step(policy, now, rows);
        break;
    case Part::deliveries:
        more = deliveries_step(policy, now, rows);
        break;
    case Part::last_logins:
        more = last_logins_step(policy, now, rows);
        break;
    }
    if (more) {
        return true;
    }
    after_ = 0;
    const bool was_last = part_ == Part::last_logins;
    part_ = was_last ? Part::sessions : static_cast<Part>(static_cast<int>(part_) + 1);
    return !was_last;
}

// In the order of the ids, which is that of the logins: all that follows a login that is young is younger.
bool Retention::sessions_step(const RetentionPolicy& policy, UtcTime now, std::size_t rows) {
    const Limits limits(policy, now);
    const auto until = Clock::now() + step_time;
    const auto old = read_rows(database_,
                               "SELECT id, logout, login, estimated & 1, address FROM session WHERE id > ? "
                               "ORDER BY id LIMIT ?",
                               after_, rows);
    SQLite::Statement mask(database_, "UPDATE session SET address = ? WHERE id = ?");
    for (const OldRow& row : old) {
        after_ = row.id;
        if (row.is_exact && is_within(row.begin, limits.youngest, now)) {
            return false;
        }
        if (row.end && is_before(*row.end, limits.rows)) {
            remove_session(database_, row.id);
            ++removed_;
            if (Clock::now() >= until) {
                return true;
            }
        } else if (row.end && row.address && is_before(*row.end, limits.addresses) &&
                   masked(*row.address, policy) != row.address) {
            set_address(mask, masked(*row.address, policy), row.id);
            ++anonymised_;
        }
    }
    return old.size() == rows;
}

bool Retention::deliveries_step(const RetentionPolicy& policy, UtcTime now, std::size_t rows) {
    const Limits limits(policy, now);
    const auto old =
        read_rows(database_, "SELECT id, at, at, 0, address FROM delivery WHERE id > ? ORDER BY id LIMIT ?",
                  after_, rows);
    SQLite::Statement remove(database_, "DELETE FROM delivery WHERE id = ?");
    SQLite::Statement mask(database_, "UPDATE delivery SET address = ? WHERE id = ?");
    for (const OldRow& row : old) {
        after_ = row.id;
        if (is_within(row.begin, limits.youngest, now)) {
            return false;
        }
        if (is_before(row.begin, limits.rows)) {
            Binder(remove).integer(row.id);
            remove.exec();
            ++removed_;
        } else if (row.address && masked(*row.address, policy) != row.address) {
            set_address(mask, masked(*row.address, policy), row.id);
            ++anonymised_;
        }
    }
    return old.size() == rows;
}

bool Retention::last_logins_step(const RetentionPolicy& policy, UtcTime now, std::size_t rows) {
    const auto limit = limit_of(policy.keep_addresses, now);
    if (!limit) {
        return false;
    }
    struct Old {
        std::string user;
        std::string service_class;
        std::optional<Address> address;
    };
    std::vector<Old> old;
    std::size_t seen = 0;
    Query row(database_, "SELECT user, class, at, address FROM last_login WHERE (user, class) > (?1, ?2) "
                         "ORDER BY user, class LIMIT ?3");
    row.bind(1, after_user_);
    row.bind(2, after_class_);
    row.bind(3, static_cast<std::int64_t>(rows));
    for (; row.next(); ++seen) {
        after_user_ = row.text();
        after_class_ = row.text();
        const UtcTime at = to_time(row.integer());
        const auto address = row.address();
        if (address && at < *limit && masked(*address, policy) != address) {
            old.push_back({after_user_, after_class_, masked(*address, policy)});
        }
    }
    SQLite::Statement mask(database_, "UPDATE last_login SET address = ? WHERE user = ? AND class = ?");
    for (const Old& one : old) {
        Binder(mask).address(one.address).text(one.user).text(one.service_class);
        mask.exec();
        ++anonymised_;
    }
    if (seen == rows) {
        return true;
    }
    after_user_.clear();
    after_class_.clear();
    return false;
}

} // namespace dovewatch
