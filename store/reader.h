// Read-only access to the database for exporters.
#pragma once

#include "store/model.h"
#include "store/result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace dovewatch {

struct SessionFilter {
    std::optional<std::string> user_glob; // shell pattern: * ? [...], as fnmatch without flags
    std::optional<Service> service;
    std::optional<Network> network; // rows without an address never match
};

struct ActivityQuery {
    std::optional<std::string> user; // exact
    std::optional<UtcTime> since;    // logins and deliveries at or after it
    std::optional<std::uint64_t> limit;
    std::optional<UtcTime> until{}; // logins and deliveries before it
};

struct InactiveQuery {
    UtcTime before{};
    std::optional<std::string> user_glob;
    std::optional<std::string>
        service_class; // exact; none: all but lmtp and lda, which no user needs to act for
};

// A row of the history.
using Activity = std::variant<Session, Delivery>;

// A row that is new or has changed.
struct StoreChange {
    std::int64_t number = 0; // grows with each change; microseconds since 1970 when it was committed, or more
    Activity row;            // as it stands now
};

struct Backlog {
    std::uint64_t rows = 0;
    std::optional<UtcTime> oldest; // when the first of them was committed
};

// What can be said of the daemon and the database from outside.
struct StoreStatus {
    std::optional<std::int32_t> daemon_pid; // the holder of FILE.lock; none: no daemon runs
    std::optional<DaemonStatus> daemon;     // what the last daemon wrote
    std::uint64_t sessions_online = 0;
    std::uint64_t database_bytes = 0; // with its write-ahead log
};

// A snapshot per call: one call never shows half a batch. Never blocks the writer. Needs read
// permission on the database files only. Not thread-safe. Row callbacks return false to stop early.
class Reader {
  public:
    // The message of an error tells a missing file, a forbidden one, one of a newer version, and one
    // that is no database apart, each with what to do.
    static Result<std::unique_ptr<Reader>> open(const std::filesystem::path& file);

    virtual ~Reader() = default;

    // Sessions that are online, by user, then login.
    [[nodiscard]] virtual Result<void> online(const SessionFilter& filter,
                                              const std::function<bool(const Session&)>& row) const = 0;

    // Sessions and deliveries, newest login first.
    [[nodiscard]] virtual Result<void> activity(const ActivityQuery& query,
                                                const std::function<bool(const Activity&)>& row) const = 0;

    // Last logins, by user, then service class. No glob: all users.
    [[nodiscard]] virtual Result<void>
    last_logins(const std::optional<std::string>& user_glob,
                const std::function<bool(const LastLogin&)>& row) const = 0;

    // Of each user the newest login of all, where it was before the time; oldest first.
    [[nodiscard]] virtual Result<void> inactive(const InactiveQuery& query,
                                                const std::function<bool(const LastLogin&)>& row) const = 0;

    // Rows that changed after the change of that number, in the order of their last change, at most `limit`:
    // one that changed several times comes once, as it stands now.
    [[nodiscard]] virtual Result<std::vector<StoreChange>> changes(std::int64_t after,
                                                                   std::size_t limit) const = 0;

    // The number of the last change; 0 where there is none.
    [[nodiscard]] virtual Result<std::int64_t> newest_change() const = 0;

    // How much `changes` would still give.
    [[nodiscard]] virtual Result<Backlog> backlog(std::int64_t after) const = 0;

    // Of each day, by day, then service class; UTC.
    [[nodiscard]] virtual Result<void> summaries(const std::function<bool(const DaySummary&)>& row) const = 0;

    // Tells this database from every other, also from a later one under the same name.
    [[nodiscard]] virtual Result<std::string> identity() const = 0;

    [[nodiscard]] virtual Result<StoreStatus> status() const = 0;
};

} // namespace dovewatch
