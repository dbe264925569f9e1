#include "store/schema.h"

#include <array>

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>

namespace dovewatch {
namespace {

// Addresses are text: scripts and people read these tables, and the conversion is cheap.
// Times are microseconds since 1970, UTC; summary.day is days. `estimated`: 1 = login, 2 = logout.
// login_since_boot is the login by a clock that nobody sets: so durations are right whatever UTC does
// meanwhile. There is no index by user: its pages are all over the file, so it would double the writer's work
// per session (8 to 19 us). Instead each session and delivery names the one before of its user and service
// class
// (`previous`), and last_login, which is written anyway, the newest ones.
//
// `change` grows with each write of a row: see StoreChange. Of a delivery, which never changes, it is the id.
//
// house.next_session is above the ids of all sessions that were removed, which no other may get.
//
// session_online holds the sessions that are online, and all that is said of them: reading them touches
// no finished session (SQLite 3.40 wants logout in it for that), and one that begins and ends within a commit
// never touches it.
constexpr MigrationStep create_version_1 = R"sql(
CREATE TABLE session(
    id INTEGER PRIMARY KEY,
    user TEXT NOT NULL,
    service INTEGER NOT NULL,
    class TEXT NOT NULL,
    address TEXT,
    pid INTEGER NOT NULL,
    process_start INTEGER NOT NULL,
    login INTEGER NOT NULL,
    login_since_boot INTEGER NOT NULL,
    logout INTEGER,
    "end" INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    hibernated INTEGER NOT NULL,
    reason TEXT NOT NULL,
    statistics TEXT NOT NULL,
    top INTEGER,
    retrieved INTEGER,
    deleted INTEGER,
    "left" INTEGER,
    bytes INTEGER,
    previous INTEGER,
    change INTEGER NOT NULL
);
CREATE INDEX session_change ON session(change);
CREATE INDEX session_online ON session(
    user, login, service, class, address, pid, process_start, estimated, hibernated, logout
) WHERE logout IS NULL;
CREATE INDEX session_login ON session(login);

CREATE TABLE delivery(
    id INTEGER PRIMARY KEY,
    user TEXT NOT NULL,
    service INTEGER NOT NULL,
    class TEXT NOT NULL,
    address TEXT,
    pid INTEGER NOT NULL,
    at INTEGER NOT NULL,
    previous INTEGER
);
CREATE INDEX delivery_at ON delivery(at);

CREATE TABLE last_login(
    user TEXT NOT NULL,
    class TEXT NOT NULL,
    at INTEGER NOT NULL,
    address TEXT,
    count INTEGER NOT NULL,
    newest_session INTEGER,
    newest_delivery INTEGER,
    PRIMARY KEY(user, class)
) WITHOUT ROWID;

CREATE TABLE summary(
    day INTEGER NOT NULL,
    class TEXT NOT NULL,
    logins INTEGER NOT NULL,
    users INTEGER NOT NULL,
    peak_online INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY(day, class)
) WITHOUT ROWID;

CREATE TABLE house(
    identity TEXT NOT NULL,
    next_session INTEGER NOT NULL
);
INSERT INTO house VALUES(hex(randomblob(8)), 1);

CREATE TABLE checkpoint(
    id INTEGER PRIMARY KEY CHECK(id = 1),
    boot_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    source_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    tracker BLOB NOT NULL
);
CREATE TABLE daemon(
    id INTEGER PRIMARY KEY CHECK(id = 1),
    pid INTEGER NOT NULL,
    version TEXT NOT NULL,
    source TEXT NOT NULL,
    started INTEGER NOT NULL,
    last_event INTEGER
);
CREATE TABLE counter(
    stage TEXT NOT NULL,
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    is_loss INTEGER NOT NULL
);
)sql";

constexpr std::array<MigrationStep, 1> steps_to_now{create_version_1};

int integer_of(SQLite::Database& database, const char* pragma) {
    return database.execAndGet(pragma).getInt();
}

} // namespace

std::span<const MigrationStep> migration_steps() {
    return steps_to_now;
}

int schema_version() {
    return static_cast<int>(steps_to_now.size());
}

Result<int> check_schema(SQLite::Database& database, const std::filesystem::path& file) {
    if (integer_of(database, "PRAGMA application_id") != application_id) {
        return failed(fmt::format("{} is a database of another program: move it away, or correct --database",
                                  file.string()));
    }
    const int version = integer_of(database, "PRAGMA user_version");
    if (version > schema_version()) {
        return failed(fmt::format("{} has schema version {}, newer than this program's {}: install the newer "
                                  "Dovewatch, or restore the backup made before the upgrade",
                                  file.string(), version, schema_version()));
    }
    if (integer_of(database, "SELECT count(*) FROM sqlite_master") == 0) {
        return failed(fmt::format("{} has no tables: move it away", file.string()));
    }
    return version;
}

void migrate(SQLite::Database& database, std::span<const MigrationStep> steps) {
    const auto version = static_cast<std::size_t>(integer_of(database, "PRAGMA user_version"));
    for (std::size_t from = version; from < steps.size(); ++from) {
        SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
        database.exec(steps[from]);
        database.exec(fmt::format("PRAGMA application_id = {}", application_id));
        database.exec(fmt::format("PRAGMA user_version = {}", from + 1));
        transaction.commit();
    }
}

} // namespace dovewatch
