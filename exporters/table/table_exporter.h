// The table `host user active nfiles bytes` in a file, as dovestats' collector had it.
#pragma once

#include "exporters/exporter.h"
#include "exporters/table/background_counter.h"
#include "exporters/table/mail_folders.h"
#include "exporters/table/mail_location.h"
#include "exporters/table/table_options.h"
#include "exporters/table/table_state.h"
#include "store/model.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dovewatch {

// What of the system the exporter uses, so that tests can lend it another.
struct TableSystem {
    std::function<UtcTime()> utc;
    table::CountingTime time;
    std::shared_ptr<const table::MailFolders> folders;
};

TableSystem real_table_system();

// A row per user that was seen. Mailboxes are counted on a thread of their own, when the user is new, a
// session of the user has ended, or the count is too old; `push` never waits for it.
class TableExporter : public Exporter {
  public:
    explicit TableExporter(TableOptions options, TableSystem system = real_table_system());

    std::string_view name() const override { return "table"; }

    // Kind usage: the file has no name or is a folder, the mail location is not understood.
    // Kind unavailable: the file's folder is missing; the tables are there nevertheless.
    Result<void> prepare(SQLite::Database& state) override;

    Result<void> take(std::span<const StoreChange> changes, bool replayed, SQLite::Database& state) override;

    // Unavailable where the file cannot be written, and once when so many file systems hang that the counting
    // stops; it goes on when one comes back.
    Result<Pushed> push(SQLite::Database& state) override;

    // Since the start, stage "table".
    std::vector<Counter> counters() const override;

    void meet_new_store(SQLite::Database& state) override;
    void forget_open_sessions(SQLite::Database& state) override;

  private:
    struct Totals {
        std::uint64_t counted = 0; // mailboxes
        std::uint64_t unknown = 0;
        std::uint64_t files = 0;
        std::uint64_t over_limit = 0;
        std::uint64_t stopped = 0; // the counting, by file systems that hang
        std::uint64_t written = 0; // tables
    };

    using Time = std::chrono::steady_clock::time_point;

    void collect(table::TableState& state);
    void add(const table::MailboxSize& size, bool over_limit);
    Result<void> start_counting(table::TableState& state);
    std::vector<table::Mailbox> locate_due(table::TableState& state, UtcTime now);
    Result<void> check_counting();

    bool wants_rendering() const;
    bool must_render(Time now) const;
    bool is_overdue(Time now) const;
    bool is_active(const table::UserState& user, UtcTime now);
    std::string render(const table::TableState& state);
    Result<void> write(const table::TableState& state);
    std::chrono::milliseconds until_next(const table::TableState& state);

    TableOptions options_;
    TableSystem system_;
    std::optional<table::LocationTemplate> location_; // no value: nothing is counted
    table::BackgroundCounter counter_;
    UtcTime counting_since_{}; // of the batch under way
    bool stopped_ = false;
    Totals totals_;

    bool changed_ = true;             // something was taken in since the table was rendered
    std::optional<Time> rendered_at_; // and written where it differs
    std::optional<Time> written_at_;
    std::size_t written_hash_ = 0;
    UtcTime next_expiry_ = UtcTime::max(); // of an active window
};

// Removes what the exporter keeps of the user; the row leaves the file when it is written next.
[[nodiscard]] Result<void> forget_table_user(SQLite::Database& state, const std::string& user);

} // namespace dovewatch
