// The exporters' own small database: cursors, what each has taken in, and how it is doing.
#pragma once

#include "store/model.h"
#include "store/result.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <SQLiteCpp/Database.h>

namespace dovewatch {

// The counter of what Exporter::waiting says.
inline constexpr std::string_view waiting_counter = "users waiting";

// How an exporter is doing.
struct ExporterStatus {
    std::string name;
    std::int64_t cursor = 0; // of the last change that was taken in: see StoreChange::number
    std::uint64_t delivered = 0;
    std::uint64_t failed = 0; // attempts, of taking in and passing on; trouble with some of it counts once
    std::string error;        // of the last attempt; empty where it went well
    std::vector<Counter> counters;
    std::uint64_t waiting = 0; // users whose news were taken in and not passed on; also among the counters
};

// Opens the database, or creates it (mode 0640, group of its folder). What is committed survives a power cut:
// a cursor must never be behind what was passed on. Never follows a symbolic link. One connection per thread;
// the first one, which may make the file, before there are several.
Result<SQLite::Database> open_export_state(const std::filesystem::path& file);

// For those who only look, and may write nothing, whether the exporters run or not. No value where there is
// no such database.
Result<std::optional<std::vector<ExporterStatus>>> read_export_state(const std::filesystem::path& file);

// One exporter's row. Throws SQLite::Exception.
class ExporterRow {
  public:
    // Makes it, at the store's beginning, where it is missing. `state` must outlive the object.
    ExporterRow(SQLite::Database& state, std::string name);

    std::int64_t cursor() const;
    std::string error() const;                            // see ExporterStatus
    std::string store_identity() const;                   // empty before the first one
    void set_store_identity(const std::string& identity); // the cursor goes back to the beginning
    void advance(std::int64_t cursor, std::size_t delivered);
    void count_failure(const std::string& error);
    void count_success();
    void set_counters(const std::vector<Counter>& counters);

  private:
    SQLite::Database& state_;
    std::string name_;
};

} // namespace dovewatch
