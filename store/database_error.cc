#include "store/database_error.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace dovewatch {

Error database_error(const std::filesystem::path& file, const SQLite::Exception& exception) {
    using Kind = Error::Kind;
    const std::string name = file.string();
    // SQLiteCpp passes on the plain or the extended code, depending on the call: the low byte is the plain
    // one.
    switch (exception.getErrorCode() & 0xff) {
    case SQLITE_NOTADB:
        return {
            Kind::failed,
            fmt::format("{} is not a Dovewatch database: move it away, or correct the option that names it",
                        name)};
    case SQLITE_CORRUPT:
        return {Kind::failed,
                fmt::format(
                    "{0} is damaged: stop the program that writes it (dovewatchd, of the exporters' state "
                    "dovewatch-export), move {0}, {0}-wal and {0}-shm away together, and restore a backup or "
                    "save what is left with `sqlite3 MOVED-FILE .recover`",
                    name)};
    case SQLITE_FULL:
        return {Kind::unavailable, fmt::format("{}: the disk is full: make room", name)};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return {Kind::unavailable, fmt::format("{} is locked by another program: try again", name)};
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
        return {Kind::unavailable,
                fmt::format("{}: {}: see that the disk has room and works", name, exception.what())};
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        return {Kind::failed,
                fmt::format(
                    "{0} cannot be opened with its {0}-wal and {0}-shm: {1}: see to the permissions of the "
                    "three files and of their folder",
                    name, exception.what())};
    default:
        return {Kind::failed, fmt::format("{}: {} (SQLite error {})", name, exception.what(),
                                          exception.getExtendedErrorCode())};
    }
}

} // namespace dovewatch
