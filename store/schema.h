// The tables of the database, and the way from each older version to the newest.
#pragma once

#include "store/result.h"

#include <filesystem>
#include <span>

#include <SQLiteCpp/Database.h>

namespace dovewatch {

// "dove", in the file's header (PRAGMA application_id): tells our databases from other programs'.
inline constexpr int application_id = 0x646f7665;

// Element n brings a database of version n (PRAGMA user_version) to version n + 1; version 0 is an empty
// file. A step that has been released never changes: append another one.
using MigrationStep = const char*;
std::span<const MigrationStep> migration_steps();

// The version that this program writes and reads.
int schema_version();

// Refuses a database of another program, of a newer version, and one without tables. Returns its version.
Result<int> check_schema(SQLite::Database& database, const std::filesystem::path& file);

// Runs the steps that are missing, each in a transaction of its own with its version number. Throws
// SQLite::Exception; the steps before the failed one stay.
void migrate(SQLite::Database& database, std::span<const MigrationStep> steps);

} // namespace dovewatch
