// Carries the store's changes into one exporter, and the exporter's work outside.
#pragma once

#include "exporters/export_state.h"
#include "exporters/exporter.h"
#include "store/reader.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace dovewatch {

// Not thread-safe: the exporter's thread calls everything. No clock and no waiting of its own.
class Conveyor {
  public:
    static constexpr std::size_t batch_rows = 2000;

    // `exporter` and `reader` must outlive it, and `state` too: the connection of this thread.
    Conveyor(Exporter& exporter, const Reader& reader, SQLite::Database& state,
             std::filesystem::path state_file);

    // Makes the exporter's tables. Tried again by the caller where it is unavailable.
    [[nodiscard]] Result<void> prepare();

    // Takes in one batch from the cursor on. False where the store has no more.
    [[nodiscard]] Result<bool> take();

    // Passes on what was taken.
    [[nodiscard]] Result<Pushed> push();

    // Has the exporter pass on again what changed since, up to the cursor.
    [[nodiscard]] Result<void> replay(UtcTime since);

    // Leaves out what the store has now and was not taken in yet, but for the sessions that are online.
    [[nodiscard]] Result<void> skip();

    // How the last attempt went, for `status`. What cannot be stored is not told.
    void note(const Result<Pushed>& attempt);
    void note_counters();

  private:
    [[nodiscard]] Result<void> meet_store();
    void note_error(const Result<Pushed>& attempt);
    void note_waiting();
    [[nodiscard]] Result<std::vector<StoreChange>> open_sessions(std::int64_t number) const;
    template <typename Work>
    auto in_transaction(Work&& work);

    Exporter& exporter_;
    const Reader& reader_;
    SQLite::Database& state_;
    std::filesystem::path state_file_;
    std::optional<ExporterRow> row_;
    std::string noted_error_;
    std::optional<std::uint64_t> noted_waiting_;
    std::vector<std::uint64_t> noted_counters_;
};

} // namespace dovewatch
