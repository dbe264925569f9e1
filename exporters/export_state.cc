#include "exporters/export_state.h"

#include "store/connection.h"
#include "store/database_error.h"
#include "store/file.h"
#include "store/row.h"

#include <cerrno>
#include <system_error>

#include <SQLiteCpp/Transaction.h>
#include <sqlite3.h>
#include <unistd.h>

namespace dovewatch {
namespace {

constexpr int patience_ms = 10'000; // for another exporter's transaction

// The exporters' user could make the file a link, which root must not write through.
constexpr int no_links = SQLITE_OPEN_NOFOLLOW;

constexpr const char* tables = R"sql(
CREATE TABLE IF NOT EXISTS exporter(
    name TEXT PRIMARY KEY,
    cursor INTEGER NOT NULL DEFAULT 0,
    store TEXT NOT NULL DEFAULT '',
    delivered INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS exporter_counter(
    exporter TEXT NOT NULL,
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    is_loss INTEGER NOT NULL,
    PRIMARY KEY(exporter, name)
);
)sql";

std::vector<ExporterStatus> read_exporters(SQLite::Database& state) {
    std::vector<ExporterStatus> exporters;
    Query row(state, "SELECT name, cursor, delivered, failed, error FROM exporter ORDER BY name");
    while (row.next()) {
        ExporterStatus& status = exporters.emplace_back();
        status.name = row.text();
        status.cursor = row.integer();
        status.delivered = static_cast<std::uint64_t>(row.integer());
        status.failed = static_cast<std::uint64_t>(row.integer());
        status.error = row.text();
    }
    Query counter(state, "SELECT exporter, name, value, is_loss FROM exporter_counter ORDER BY rowid");
    while (counter.next()) {
        const std::string exporter = counter.text();
        for (ExporterStatus& status : exporters) {
            if (status.name == exporter) {
                std::string name = counter.text();
                const auto value = static_cast<std::uint64_t>(counter.integer());
                status.waiting = name == waiting_counter ? value : status.waiting;
                status.counters.push_back({exporter, std::move(name), value, counter.integer() != 0});
            }
        }
    }
    return exporters;
}

// When the last connection closes: those who may only read the folder could not make them again, and SQLite
// reads nothing without them.
void keep_log_files(SQLite::Database& state) {
    int keep = 1;
    sqlite3_file_control(state.getHandle(), "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
}

// With no link on the way: SQLite would refuse those among the folders too, which are the administrator's.
Result<std::filesystem::path> resolve(const std::filesystem::path& file) {
    std::error_code error;
    if (std::filesystem::is_symlink(file, error)) {
        return tl::make_unexpected(file_error(file, "opened", ELOOP));
    }
    const auto folder = std::filesystem::canonical(file.has_parent_path() ? file.parent_path() : ".", error);
    if (error) {
        return tl::make_unexpected(file_error(file.parent_path(), "reached", error.value()));
    }
    return folder / file.filename();
}

// An existing file is never opened beside SQLite: closing that descriptor would take the POSIX locks of all
// connections of this process with it, and another process would then take the log away under them.
Result<void> create_if_missing(const std::filesystem::path& file) {
    std::error_code error;
    if (std::filesystem::exists(file, error)) {
        return {};
    }
    return open_private_file(file).map([](int descriptor) { close(descriptor); });
}

} // namespace

Result<SQLite::Database> open_export_state(const std::filesystem::path& file) {
    const auto real = resolve(file);
    if (!real) {
        return tl::make_unexpected(real.error());
    }
    if (auto created = create_if_missing(*real); !created) {
        return tl::make_unexpected(created.error());
    }
    return guarded(file, [&]() -> Result<SQLite::Database> {
        SQLite::Database state(real->string(), SQLite::OPEN_READWRITE | no_links, patience_ms);
        keep_log_files(state);
        state.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
        state.exec(tables);
        return state;
    });
}

Result<std::optional<std::vector<ExporterStatus>>> read_export_state(const std::filesystem::path& file) {
    std::error_code error;
    if (!std::filesystem::exists(file, error) && !error) {
        return std::nullopt;
    }
    const auto real = resolve(file);
    if (!real) {
        return tl::make_unexpected(real.error());
    }
    return guarded(file, [&]() -> Result<std::optional<std::vector<ExporterStatus>>> {
        SQLite::Database state(real->string(), SQLite::OPEN_READONLY | no_links, patience_ms);
        return read_exporters(state);
    });
}

ExporterRow::ExporterRow(SQLite::Database& state, std::string name) : state_(state), name_(std::move(name)) {
    SQLite::Statement insert(state_, "INSERT OR IGNORE INTO exporter(name) VALUES(?)");
    Binder(insert).text(name_);
    insert.exec();
}

std::int64_t ExporterRow::cursor() const {
    Query row(state_, "SELECT cursor FROM exporter WHERE name = ?");
    row.bind(1, name_);
    row.next();
    return row.integer();
}

std::string ExporterRow::error() const {
    Query row(state_, "SELECT error FROM exporter WHERE name = ?");
    row.bind(1, name_);
    row.next();
    return row.text();
}

std::string ExporterRow::store_identity() const {
    Query row(state_, "SELECT store FROM exporter WHERE name = ?");
    row.bind(1, name_);
    row.next();
    return row.text();
}

void ExporterRow::set_store_identity(const std::string& identity) {
    SQLite::Statement update(state_, "UPDATE exporter SET store = ?, cursor = 0 WHERE name = ?");
    Binder(update).text(identity).text(name_);
    update.exec();
}

void ExporterRow::advance(std::int64_t cursor, std::size_t delivered) {
    SQLite::Statement update(
        state_, "UPDATE exporter SET cursor = max(cursor, ?), delivered = delivered + ? WHERE name = ?");
    Binder(update).integer(cursor).integer(static_cast<std::int64_t>(delivered)).text(name_);
    update.exec();
}

void ExporterRow::count_failure(const std::string& error) {
    SQLite::Statement update(state_, "UPDATE exporter SET failed = failed + 1, error = ? WHERE name = ?");
    Binder(update).text(error).text(name_);
    update.exec();
}

void ExporterRow::count_success() {
    SQLite::Statement update(state_, "UPDATE exporter SET error = '' WHERE name = ?");
    Binder(update).text(name_);
    update.exec();
}

void ExporterRow::set_counters(const std::vector<Counter>& counters) {
    SQLite::Transaction transaction(state_, SQLite::TransactionBehavior::IMMEDIATE);
    SQLite::Statement replace(
        state_, "INSERT OR REPLACE INTO exporter_counter(exporter, name, value, is_loss) VALUES(?, ?, ?, ?)");
    for (const Counter& counter : counters) {
        Binder(replace)
            .text(name_)
            .text(counter.name)
            .integer(static_cast<std::int64_t>(counter.value))
            .integer(counter.is_loss ? 1 : 0);
        replace.exec();
    }
    transaction.commit();
}

} // namespace dovewatch
