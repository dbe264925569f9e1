#include "store/schema.h"
#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <array>

#include <SQLiteCpp/Database.h>
#include <catch2/catch.hpp>

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

int version_of(SQLite::Database& database) {
    return database.execAndGet("PRAGMA user_version").getInt();
}

const int read_write = SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;

} // namespace

TEST_CASE("An older database takes the steps that it lacks, once, and keeps its rows") {
    const TemporaryFolder folder;
    SQLite::Database database((folder / "old.db").string(), read_write);
    constexpr std::array<MigrationStep, 1> old_steps{"CREATE TABLE t(a)"};
    migrate(database, old_steps);
    database.exec("INSERT INTO t VALUES(7)");
    REQUIRE(version_of(database) == 1);

    constexpr std::array<MigrationStep, 3> steps{"CREATE TABLE t(a)", "ALTER TABLE t ADD b DEFAULT 8",
                                                 "UPDATE t SET a = a + b"};
    migrate(database, steps);
    migrate(database, steps);
    CHECK(version_of(database) == 3);
    CHECK(database.execAndGet("SELECT a FROM t").getInt() == 15);
}

TEST_CASE("A step that fails leaves nothing of itself, and the steps before it") {
    const TemporaryFolder folder;
    SQLite::Database database((folder / "old.db").string(), read_write);
    constexpr std::array<MigrationStep, 2> steps{"CREATE TABLE t(a)", "CREATE TABLE u(a); nonsense"};
    CHECK_THROWS_AS(migrate(database, steps), SQLite::Exception);
    CHECK(version_of(database) == 1);
    CHECK_FALSE(database.tableExists("u"));
}

TEST_CASE("A new database has this program's version, and write-ahead logging") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    make_database(file);
    SQLite::Database database(file.string());
    CHECK(version_of(database) == schema_version());
    CHECK(database.execAndGet("PRAGMA application_id").getInt() == application_id);
    CHECK(database.execAndGet("PRAGMA journal_mode").getString() == "wal");
}
