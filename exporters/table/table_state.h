// The table exporter's tables: who is online, who was, and what was counted.
#pragma once

#include "exporters/table/mailbox_counter.h"
#include "store/model.h"
#include "store/reader.h"
#include "store/result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <SQLiteCpp/Database.h>

namespace dovewatch::table {

struct UserState {
    std::string user;
    bool online = false;
    std::optional<UtcTime> last_pop3_end;
    std::optional<std::int64_t> files;
    std::optional<std::int64_t> bytes;
};

struct DueMailbox {
    std::string user;
    std::int64_t version = 0; // as of the user's last session end
};

struct Count {
    DueMailbox mailbox;
    MailboxSize size;
    UtcTime at{}; // before the counting began
};

// A view of the database, which it does not own. All functions throw SQLite::Exception.
class TableState {
  public:
    explicit TableState(SQLite::Database& database) : database_(database) {}

    // Makes the tables where they are missing, and brings counts that are older than `max_age` forward.
    void prepare(std::chrono::seconds max_age);

    // A session's end makes the user's mailbox due; a replayed one only where it is newer than the count. A
    // delivery does not, or an address that gets mail all day would be counted without end.
    void take(std::span<const StoreChange> changes, bool replayed);

    // Those that have waited longest first.
    std::vector<DueMailbox> due(UtcTime now, std::size_t most) const;

    // When the next one is due; no value where nobody is known.
    std::optional<UtcTime> next_due() const;

    // Due again after `max_age`, or at once where a session ended while it was counted. A user who was
    // forgotten stays so.
    void store(std::span<const Count> counts, std::chrono::seconds max_age);

    // By user. Online: with a session of one of the services.
    void each_user(std::span<const Service> services,
                   const std::function<void(const UserState&)>& visit) const;

    // Also where the tables are missing.
    void forget(const std::string& user);

  private:
    SQLite::Database& database_;
};

} // namespace dovewatch::table
