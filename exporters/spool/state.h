// The tables of the spool exporter in its state database. All functions throw SQLite::Exception.
#pragma once

#include "store/model.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

namespace dovewatch::spool {

// How many sessions are remembered as counted, and after how many new ones the oldest are dropped.
inline constexpr std::int64_t remembered_sessions = 1'000'000;
inline constexpr std::int64_t sessions_between_prunes = 100'000;

// A user whose file must be written.
struct DirtyUser {
    std::string user;
    std::int64_t counter = 0;            // what the file must say
    std::optional<std::int64_t> written; // what it said when we were last sure; none: it was never looked at
    bool has_ended = false;              // a session has: the two below are of the newest
    std::string statistics;              // empty where the logout line was not seen
    UtcTime logout{};                    // of the login where no session has ended
    bool is_unsure = false;              // a run that was broken off may have written the file since
    bool is_online = false;              // and touch_online is set
};

// Of ?1 the user, where something beside a session's end asks for a file; ?2 is its time where no session has
// ended.
inline constexpr const char* mark_dirty_sql = "INSERT INTO spool_user VALUES (?1, 0, NULL, 0, '', ?2, 1)"
                                              " ON CONFLICT (user) DO UPDATE SET dirty = max(dirty, 1)";

void make_tables(SQLite::Database& state);

// Forgets which sessions of services beside these are open.
void drop_open_sessions(SQLite::Database& state, const std::set<Service>& kept);

// Forgets the sessions that were counted before the newest `remembered`.
void prune_counted(SQLite::Database& state, std::int64_t remembered);

// A run that was killed may have written the file of each user that is dirty now.
void make_unsure(SQLite::Database& state);

// By user, from the first after `after`.
std::vector<DirtyUser> dirty_users(SQLite::Database& state, const std::optional<std::string>& after,
                                   std::size_t limit);

std::vector<std::string> online_users(SQLite::Database& state);

// Their files must be written, although they have nothing to count.
void mark_dirty(SQLite::Database& state, const std::vector<std::string>& users, UtcTime now);

// False where nothing is known of the user.
bool remove_user(SQLite::Database& state, const std::string& user);

// Stores how far the files are.
class Marker {
  public:
    explicit Marker(SQLite::Database& state);

    // The file says `counter`: nothing is left to do.
    void written(const DirtyUser& user);

    // The file says `written`, and is not ours to change before this is committed.
    void settled(const DirtyUser& user);

  private:
    SQLite::Statement written_;
    SQLite::Statement settled_;
};

} // namespace dovewatch::spool
