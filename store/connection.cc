#include "store/connection.h"

#include "store/database_error.h"
#include "store/file.h"
#include "store/lock_file.h"
#include "store/schema.h"

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dovewatch {
namespace {

namespace fs = std::filesystem;

constexpr int busy_timeout_ms = 5000;

// One thread at a time uses a connection, so SQLite need not lock it at each call.
constexpr int common_flags = SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX;

// What the writer's connection keeps to. The write-ahead log is folded into the database every 16 MiB; a
// reader only delays that, and then the log is cut back. The cache holds the indexes' hot pages.
constexpr const char* writer_pragmas = R"sql(
PRAGMA synchronous = NORMAL;
PRAGMA wal_autocheckpoint = 4000;
PRAGMA journal_size_limit = 16777216;
PRAGMA cache_size = -16384;
)sql";

fs::path with_suffix(const fs::path& file, std::string_view suffix) {
    fs::path longer = file;
    longer += suffix;
    return longer;
}

std::uint64_t size_of(const fs::path& file) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(file, error);
    return error ? 0 : size;
}

std::string as_uri(const fs::path& file, std::string_view parameters) {
    std::string uri = "file:";
    for (const char c : file.string()) {
        uri += c == '%' || c == '?' || c == '#' ? fmt::format("%{:02X}", static_cast<unsigned char>(c))
                                                : std::string(1, c);
    }
    return uri.append("?").append(parameters);
}

// A connection that is closed last folds the log into the database; this one leaves it alone.
void leave_log_alone(SQLite::Database& database) {
    sqlite3_db_config(database.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

// Keeps -wal and -shm when the last connection closes: a reader without write permission to the folder
// could not create them again, and SQLite cannot read the database without them.
void keep_log_files(SQLite::Database& database) {
    int keep = 1;
    sqlite3_file_control(database.getHandle(), "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
}

SQLite::Database open_read_only(const fs::path& file, std::string_view parameters) {
    SQLite::Database database(as_uri(file, parameters), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | common_flags,
                              busy_timeout_ms);
    leave_log_alone(database);
    database.exec("PRAGMA query_only = 1; PRAGMA temp_store = MEMORY");
    return database;
}

// Beyond its header (https://www.sqlite.org/fileformat2.html#the_write_ahead_log).
bool log_has_frames(const fs::path& file) {
    constexpr std::uint64_t header = 32;
    return size_of(with_suffix(file, "-wal")) > header;
}

// Where -wal or -shm is missing no writer has the database open, so the file does not change, and all of
// it is in the file itself, unless a log with frames is left. A log without frames, of a writer that was
// killed, makes SQLite wait in vain for the -shm to agree with it.
bool is_immutable(const fs::path& file) {
    if (!fs::exists(with_suffix(file, "-shm")) || !fs::exists(with_suffix(file, "-wal"))) {
        return true;
    }
    const auto writer = LockFile::holder(with_suffix(file, ".lock"));
    return !log_has_frames(file) && writer && !*writer;
}

Result<void> check_immutable(const fs::path& file) {
    const auto writer = LockFile::holder(with_suffix(file, ".lock"));
    if (writer && *writer) {
        return unavailable(
            fmt::format("{} is just being opened by process {}: try again", file.string(), **writer));
    }
    if (log_has_frames(file)) {
        return failed(
            fmt::format("{0}-wal belongs to {0}, but {0}-shm is missing: start dovewatchd once, which "
                        "makes it anew",
                        file.string()));
    }
    return {};
}

Result<void> check_readable(const fs::path& file) {
    for (const std::string_view suffix : {"", "-wal", "-shm"}) {
        const fs::path part = with_suffix(file, suffix);
        if (access(part.c_str(), R_OK) != 0 && (errno != ENOENT || suffix.empty())) {
            return tl::make_unexpected(file_error(part, "read", errno));
        }
    }
    return {};
}

Result<void> check_writable(SQLite::Database& database, const fs::path& file) {
    if (sqlite3_db_readonly(database.getHandle(), "main") == 1) {
        return tl::make_unexpected(file_error(file, "written", EACCES));
    }
    return {};
}

// SQLite takes a file that is too short for a header for a new database.
Result<void> check_length(const fs::path& file) {
    constexpr std::uint64_t smallest_page = 512;
    const std::uint64_t length = size_of(file);
    if (length == 0) {
        return unavailable(
            fmt::format("{} is empty: start dovewatchd, which makes a database of it", file.string()));
    }
    if (length < smallest_page) {
        return tl::make_unexpected(database_error(file, SQLite::Exception("too short", SQLITE_NOTADB)));
    }
    return {};
}

// Builds the database under another name, so that a file of the right name is always a whole one.
Result<void> create_database(const fs::path& file) {
    if (size_of(with_suffix(file, "-wal")) > 0) {
        return failed(
            fmt::format("{0}-wal holds sessions of a database {0} that is gone: put it back, or remove "
                        "{0}-wal",
                        file.string()));
    }
    const fs::path unfinished = with_suffix(file, ".new");
    std::error_code ignored;
    for (const fs::path& left :
         {unfinished, with_suffix(unfinished, "-journal"), with_suffix(unfinished, "-wal"),
          with_suffix(unfinished, "-shm"), with_suffix(file, "-wal"), with_suffix(file, "-shm"),
          with_suffix(file, "-journal")}) {
        fs::remove(left, ignored);
    }
    const auto descriptor = open_private_file(unfinished);
    if (!descriptor) {
        return tl::make_unexpected(descriptor.error());
    }
    close(*descriptor);
    auto built = guarded(unfinished, [&] {
        SQLite::Database database(unfinished.string(), SQLITE_OPEN_READWRITE | common_flags, busy_timeout_ms);
        database.exec("PRAGMA synchronous = FULL");
        migrate(database, migration_steps());
        database.exec("PRAGMA journal_mode = WAL");
    });
    if (!built) {
        fs::remove(unfinished, ignored);
        return built;
    }
    std::error_code error;
    fs::rename(unfinished, file, error);
    if (error) {
        return tl::make_unexpected(file_error(file, "created", error.value()));
    }
    return sync_folder(file.parent_path());
}

Result<void> check_before_writing(const fs::path& file) {
    struct stat status {};
    if (lstat(file.c_str(), &status) != 0) {
        return tl::make_unexpected(file_error(file, "read", errno));
    }
    if (S_ISLNK(status.st_mode)) {
        return tl::make_unexpected(file_error(file, "opened", ELOOP));
    }
    if (!S_ISREG(status.st_mode)) {
        return failed(
            fmt::format("{} is not a regular file: move it away, or correct --database", file.string()));
    }
    if (auto long_enough = check_length(file); !long_enough) {
        return long_enough;
    }
    return guarded(file, [&]() -> Result<void> {
        // What is in the log counts, and only a writer can bring a -shm back that a killed one left. Nobody
        // else writes: the caller holds the lock.
        SQLite::Database database =
            log_has_frames(file)
                ? SQLite::Database(file.string(), SQLITE_OPEN_READWRITE | common_flags, busy_timeout_ms)
                : open_read_only(file, "immutable=1");
        leave_log_alone(database);
        keep_log_files(database);
        if (auto version = check_schema(database, file); !version) {
            return tl::make_unexpected(version.error());
        }
        return {};
    });
}

Result<SQLite::Database> open_for_writing(const fs::path& file) {
    return guarded(file, [&]() -> Result<SQLite::Database> {
        SQLite::Database database(file.string(), SQLITE_OPEN_READWRITE | common_flags, busy_timeout_ms);
        keep_log_files(database);
        if (auto writable = check_writable(database, file); !writable) {
            return tl::make_unexpected(writable.error());
        }
        database.exec("PRAGMA journal_mode = WAL");
        database.exec(writer_pragmas);
        migrate(database, migration_steps());
        return database;
    });
}

Error older_schema(const fs::path& file, int version) {
    return {Error::Kind::failed,
            fmt::format("{} has schema version {}, older than this program's {}: start the "
                        "new dovewatchd, which brings it up to date",
                        file.string(), version, schema_version())};
}

} // namespace

Result<SQLite::Database> connect_writer(const fs::path& file) {
    std::error_code error;
    const auto kind = fs::symlink_status(file, error).type();
    const bool is_new = kind == fs::file_type::not_found ||
                        (kind == fs::file_type::regular && fs::file_size(file, error) == 0);
    auto ready = is_new ? create_database(file) : check_before_writing(file);
    if (!ready) {
        return tl::make_unexpected(ready.error());
    }
    return open_for_writing(file);
}

Result<SQLite::Database> connect_reader(const fs::path& file) {
    std::error_code error;
    const fs::path real = fs::canonical(file, error);
    if (error) {
        return tl::make_unexpected(file_error(file, "read", error.value()));
    }
    if (auto readable = check_readable(real); !readable) {
        return tl::make_unexpected(readable.error());
    }
    if (auto long_enough = check_length(real); !long_enough) {
        return tl::make_unexpected(long_enough.error());
    }
    if (is_immutable(real)) {
        if (auto immutable = check_immutable(real); !immutable) {
            return tl::make_unexpected(immutable.error());
        }
    }
    return guarded(file, [&]() -> Result<SQLite::Database> {
        SQLite::Database database =
            open_read_only(real, is_immutable(real) ? "immutable=1" : "readonly_shm=1");
        const auto version = check_schema(database, real);
        if (!version) {
            return tl::make_unexpected(version.error());
        }
        if (*version < schema_version()) {
            return tl::make_unexpected(older_schema(file, *version));
        }
        return database;
    });
}

Result<SQLite::Database> connect_beside_writer(const fs::path& file) {
    if (auto ready = check_before_writing(file); !ready) {
        return tl::make_unexpected(ready.error());
    }
    return guarded(file, [&]() -> Result<SQLite::Database> {
        SQLite::Database database(file.string(), SQLITE_OPEN_READWRITE | common_flags, busy_timeout_ms);
        keep_log_files(database);
        if (auto writable = check_writable(database, file); !writable) {
            return tl::make_unexpected(writable.error());
        }
        const auto version = check_schema(database, file);
        if (!version) {
            return tl::make_unexpected(version.error());
        }
        if (*version != schema_version()) {
            return tl::make_unexpected(older_schema(file, *version));
        }
        return database;
    });
}

} // namespace dovewatch
