// The exporter contract: what carries the store's changes to another reader.
#pragma once

#include "store/reader.h"
#include "store/result.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <SQLiteCpp/Database.h>

namespace dovewatch {

// How passing on went where it could go on to the end.
struct Pushed {
    std::chrono::milliseconds next{0};    // until it is called again at the latest
    std::optional<std::string> trouble{}; // keeps some of it waiting, while all else was passed on. One line
};

// Taking in is apart from passing on, so that each change counts once whenever the process is killed:
// what `take` writes to the state database is committed together with the cursor, and `push` brings the
// outside to what that database says, as often as it must be tried.
//
// One thread per exporter calls everything; the state database is this thread's own connection. Tables that
// an exporter makes there are named after it. Both may throw SQLite::Exception of that database.
class Exporter {
  public:
    using Clock = std::chrono::steady_clock;

    virtual ~Exporter() = default;

    // As in the configuration, `status` and --once. Also the prefix of its tables.
    [[nodiscard]] virtual std::string_view name() const = 0;

    // Makes the exporter's tables where they are missing, and checks what the configuration names. An error
    // of kind usage ends the program.
    [[nodiscard]] virtual Result<void> prepare(SQLite::Database& state) = 0;

    // Takes in changes, in order, within a transaction on `state` that also stores the cursor. A row may come
    // again: each time it has changed, and all rows since a time where `replayed`: those must be passed on
    // again and not counted again. Touches nothing but `state`.
    [[nodiscard]] virtual Result<void> take(std::span<const StoreChange> changes, bool replayed,
                                            SQLite::Database& state) = 0;

    // The store is another one than before: ids of its sessions say nothing of those known here. Within a
    // transaction on `state`.
    virtual void meet_new_store(SQLite::Database& state) = 0;

    // Changes of the store are left out, and sessions may have ended in them: forgets which ones are open,
    // and nothing else. Those that still are come to `take` again. Within a transaction on `state`.
    virtual void forget_open_sessions(SQLite::Database& state) = 0;

    // Passes on what was taken. Called after `take`, after an error with growing delays, and at the latest
    // after the time it returned: what it wants to do by itself, if any. An error of kind unavailable or
    // failed means that nothing can be passed on, so that changes of the store need not be listened to before
    // it is tried again; nothing is lost by it. What concerns single users is no error but trouble.
    [[nodiscard]] virtual Result<Pushed> push(SQLite::Database& state) = 0;

    // How many users' news were taken and not passed on. No value where the exporter keeps no account of it.
    [[nodiscard]] virtual std::optional<std::uint64_t> waiting(SQLite::Database& /*state*/) const {
        return std::nullopt;
    }

    // Of its own work, since it began.
    [[nodiscard]] virtual std::vector<Counter> counters() const = 0;
};

} // namespace dovewatch
