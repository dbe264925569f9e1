// The exporter contract: what carries the store's changes to another reader.
#pragma once

#include "store/reader.h"
#include "store/result.h"

#include <chrono>
#include <span>
#include <string_view>
#include <vector>

#include <SQLiteCpp/Database.h>

namespace dovewatch {

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

    // Passes on what was taken. Called after `take`, after a failure with growing delays, and at the latest
    // after the time it returned: what it wants to do by itself, if any. An error of kind unavailable or
    // failed means that it is tried again; nothing is lost by it.
    [[nodiscard]] virtual Result<std::chrono::milliseconds> push(SQLite::Database& state) = 0;

    // Of its own work, since it began.
    [[nodiscard]] virtual std::vector<Counter> counters() const = 0;
};

} // namespace dovewatch
