// The only writer of the database.
#pragma once

#include "store/model.h"
#include "store/result.h"
#include "store/retention.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace dovewatch {

// Where session changes are made durable. An interface so that the daemon's handling of failure can
// be tested without a disk. Not thread-safe: one thread at a time.
class ChangeStore {
  public:
    virtual ~ChangeStore() = default;

    // Stores all changes, in order, and the checkpoint in one transaction; on error none of them. A session
    // that begins and ends within one call is written once. Error::Kind::unavailable (disk full, busy) means
    // that the same call may succeed later.
    [[nodiscard]] virtual Result<void> commit(std::span<const SessionChange> changes,
                                              const Checkpoint& checkpoint) = 0;

    // One small step of a round through what the policy no longer keeps. False when the round is over.
    [[nodiscard]] virtual Result<bool> retain(const RetentionPolicy& policy, UtcTime now) = 0;

    // Replaces what the daemon says of itself.
    [[nodiscard]] virtual Result<void> commit_status(const DaemonStatus& status) = 0;
};

// An SQLite database in WAL mode, schema as in schema.h. Readers in other processes never block it.
class Writer : public ChangeStore {
  public:
    // Creates the file (mode 0640, in an existing folder) or opens and migrates it. Refuses, without
    // touching it: a file that is no database, a corrupt one, one of a newer version, one of another
    // program. Takes FILE.lock for the lifetime of the object; a second writer is refused with the
    // pid of the first.
    static Result<std::unique_ptr<Writer>> open(const std::filesystem::path& file);

    // All sessions that have not ended, by id. For a daemon that starts again.
    [[nodiscard]] virtual Result<std::vector<Session>> open_sessions() const = 0;

    // As last committed; no value in a new database.
    [[nodiscard]] virtual Result<std::optional<Checkpoint>> checkpoint() const = 0;

    // An id that no session in the database has, nor any greater one.
    [[nodiscard]] virtual Result<std::int64_t> next_session_id() const = 0;
};

} // namespace dovewatch
