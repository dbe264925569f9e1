// Opening the database, for the writer and for readers.
#pragma once

#include "store/result.h"

#include <filesystem>

#include <SQLiteCpp/Database.h>

namespace dovewatch {

// Opens the database, or creates it, and brings it to the newest schema version. A file that must not be
// written (see Writer::open) is refused before anything is written. The caller holds FILE.lock; `file`
// comes from resolve_folder.
Result<SQLite::Database> connect_writer(const std::filesystem::path& file);

// Opens the database for reading alone. Works for a user who may read the file, its -wal and its -shm
// and write nothing, whether a writer runs, has ended, or was killed. Creates and writes no file.
Result<SQLite::Database> connect_reader(const std::filesystem::path& file);

// Opens the database of this program's version for short transactions beside the writer, which waits for
// them. Takes no lock, and changes no tables.
Result<SQLite::Database> connect_beside_writer(const std::filesystem::path& file);

} // namespace dovewatch
