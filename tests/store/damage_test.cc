// Files that must be refused, and be left as they are.
#include "store/schema.h"
#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <functional>
#include <string>

#include <SQLiteCpp/Database.h>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

void execute(const std::filesystem::path& file, const std::string& sql) {
    SQLite::Database database(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    database.exec(sql);
}

void check_refused(const std::filesystem::path& file, const std::string& because) {
    const std::string before = bytes_of(file);
    const bool had_log = std::filesystem::exists(file.string() + "-wal");
    const auto writer = Writer::open(file);
    REQUIRE_FALSE(writer);
    CHECK(writer.error().kind == Error::Kind::failed);
    CHECK_THAT(writer.error().message, Catch::Contains(file.string()) && Catch::Contains(because));
    CHECK(writer.error().message.find('\n') == std::string::npos);
    CHECK((bytes_of(file) == before));
    CHECK(std::filesystem::exists(file.string() + "-wal") == had_log);
    const auto reader = Reader::open(file);
    REQUIRE_FALSE(reader);
    CHECK(reader.error().kind == Error::Kind::failed);
    CHECK_THAT(reader.error().message, Catch::Contains(file.string()) && Catch::Contains(because));
    CHECK((bytes_of(file) == before));
}

} // namespace

TEST_CASE("A database of a newer version is refused") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    make_database(file);
    execute(file, fmt::format("PRAGMA user_version = {}", schema_version() + 1));
    check_refused(file, "newer than this program's");
}

TEST_CASE("A database of another program is refused") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    SECTION("without an id") {
        execute(file, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
    }
    SECTION("with its id") {
        execute(file, "PRAGMA application_id = 7; CREATE TABLE t(a)");
    }
    SECTION("with a write-ahead log") {
        execute(file, "PRAGMA journal_mode = WAL; CREATE TABLE t(a)");
    }
    check_refused(file, "another program");
}

TEST_CASE("A file that is no database is refused") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    SECTION("text") {
        write_bytes(file, std::string(10000, 'x'));
    }
    SECTION("short") {
        write_bytes(file, "x");
    }
    SECTION("a damaged header") {
        make_database(file);
        std::string bytes = bytes_of(file);
        bytes.replace(0, 16, "garbage garbage ");
        write_bytes(file, bytes);
    }
    check_refused(file, "not a Dovewatch database");
}

TEST_CASE("A database that was cut in half is refused") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    make_database(file, 2000);
    const std::string bytes = bytes_of(file);
    SECTION("with its log") {}
    SECTION("copied alone") {
        std::filesystem::remove(file.string() + "-wal");
        std::filesystem::remove(file.string() + "-shm");
    }
    write_bytes(file, bytes.substr(0, bytes.size() / 2));
    check_refused(file, "is damaged");
}

TEST_CASE("Damage found later is named, by the writer and by readers") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    make_database(file, 2000);
    std::string bytes = bytes_of(file);
    for (std::size_t page = 2; page < bytes.size() / 4096; ++page) {
        bytes.replace(page * 4096, 4096, std::string(4096, '\x55'));
    }
    write_bytes(file, bytes);
    const auto reader = Reader::open(file);
    if (reader) {
        const auto read = (*reader)->online({}, [](const Session&) { return true; });
        REQUIRE_FALSE(read);
        CHECK(read.error().kind == Error::Kind::failed);
        CHECK_THAT(read.error().message, Catch::Contains("is damaged"));
    }
    const std::vector<SessionChange> changes{SessionBegan{session(5000, "sue", 1)}};
    const auto stored =
        Writer::open(file).and_then([&](const auto& writer) { return writer->commit(changes, {}); });
    REQUIRE_FALSE(stored);
    CHECK(stored.error().kind == Error::Kind::failed);
    CHECK_THAT(stored.error().message, Catch::Contains("is damaged"));
}

TEST_CASE("What is not a regular file is refused") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    SECTION("a folder") {
        std::filesystem::create_directory(file);
        CHECK_THAT(Writer::open(file).error().message, Catch::Contains("not a regular file"));
    }
    SECTION("a FIFO") {
        REQUIRE(mkfifo(file.c_str(), 0600) == 0);
        CHECK_THAT(Writer::open(file).error().message, Catch::Contains("not a regular file"));
    }
    SECTION("a FIFO as the lock") {
        REQUIRE(mkfifo((file.string() + ".lock").c_str(), 0600) == 0);
        CHECK_THAT(Writer::open(file).error().message, Catch::Contains("not a regular file"));
    }
}

TEST_CASE("The writer follows no symbolic link") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto victim = folder / "victim";
    const auto planted = GENERATE(as<std::string>{}, "", ".lock", ".new");
    const auto target = GENERATE(as<std::string>{}, "missing", "there");
    if (target == "there") {
        write_bytes(victim, "precious");
    }
    std::filesystem::create_symlink(victim, file.string() + planted);
    const auto writer = Writer::open(file);
    if (planted == ".new") {
        CHECK(writer); // a left-over, which is removed
    } else {
        REQUIRE_FALSE(writer);
        CHECK_THAT(writer.error().message, Catch::Contains("symbolic link"));
    }
    CHECK(std::filesystem::exists(victim) == (target == "there"));
    CHECK((target != "there" || bytes_of(victim) == "precious"));
}

TEST_CASE("A folder that is a symbolic link is the administrator's choice") {
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder / "real");
    std::filesystem::create_directory_symlink(folder / "real", folder / "link");
    make_database(folder / "link" / "test.db");
    CHECK(online(folder / "link" / "test.db").size() == 100);
}

TEST_CASE("A missing file and a missing folder are told apart") {
    const TemporaryFolder folder;
    const auto reader = Reader::open(folder / "test.db");
    REQUIRE_FALSE(reader);
    CHECK(reader.error().kind == Error::Kind::unavailable);
    CHECK_THAT(reader.error().message, Catch::Contains("does not exist"));
    const auto writer = Writer::open(folder / "none" / "test.db");
    REQUIRE_FALSE(writer);
    CHECK_THAT(writer.error().message, Catch::Contains("the folder") && Catch::Contains("does not exist"));
}

TEST_CASE("An empty file becomes a database") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    write_bytes(file, "");
    CHECK_THAT(Reader::open(file).error().message, Catch::Contains("is empty"));
    make_database(file);
    CHECK(online(file).size() == 100);
}

TEST_CASE("The log of a database that is gone is not mixed into a new one, nor thrown away") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    write_bytes(file.string() + "-wal", "sessions");
    const auto writer = Writer::open(file);
    REQUIRE_FALSE(writer);
    CHECK_THAT(writer.error().message, Catch::Contains("test.db-wal") && Catch::Contains("put it back"));
    CHECK(bytes_of(file.string() + "-wal") == "sessions");
}
