#include "exporters/spool/taker.h"

#include "exporters/spool/state.h"
#include "store/row.h"

#include <string>
#include <variant>

namespace dovewatch::spool {
namespace {

// ?1 user, ?2 to add, ?3 session, ?4 statistics, ?5 logout. Statistics and logout stay those of the session
// that ended last; the same session may tell more of itself later.
const std::string newest = " CASE WHEN ?5 >= logout OR ?3 = session OR session = 0 THEN ";
const std::string change = "counter = counter + ?2, dirty = max(dirty, 1),"
                           " session =" +
                           newest + "?3 ELSE session END, statistics =" + newest +
                           "?4 ELSE statistics END, logout =" + newest + "?5 ELSE logout END";
const std::string add = "INSERT INTO spool_user VALUES (?1, ?2, NULL, ?3, ?4, ?5, 1)"
                        " ON CONFLICT (user) DO UPDATE SET " +
                        change;
const std::string update = "UPDATE spool_user SET " + change + " WHERE user = ?1";

// No row changes where the session is known.
constexpr const char* remember_sql =
    "INSERT INTO spool_counted VALUES (?, ?, ?) ON CONFLICT (session) DO UPDATE"
    " SET login = excluded.login, number = excluded.number WHERE login <> excluded.login";
constexpr const char* open_sql =
    "INSERT INTO spool_open VALUES (?, ?, ?, ?) ON CONFLICT (session) DO UPDATE"
    " SET login = excluded.login, user = excluded.user, service = excluded.service"
    " WHERE login <> excluded.login";

void run(SQLite::Statement& statement, const Session& session, std::int64_t added) {
    Binder(statement)
        .text(session.user)
        .integer(added)
        .integer(session.id)
        .text(session.statistics)
        .time(session.logout);
    statement.exec();
}

} // namespace

Taker::Taker(const SpoolOptions& options, bool replayed, SQLite::Database& state)
    : options_(options), replayed_(replayed), remember_(state, remember_sql), add_(state, add),
      update_(state, update), open_(state, open_sql), list_(state, mark_dirty_sql),
      close_(state, "DELETE FROM spool_open WHERE session = ?") {}

void Taker::take(const StoreChange& change) {
    const auto* session = std::get_if<Session>(&change.row);
    if (session == nullptr || options_.services.count(session->service) == 0) {
        return;
    }
    if (session->logout) {
        end(*session, change.number);
    } else if (options_.touch_online) {
        open(*session);
    }
}

// The file is written at once, so that the user appears online.
void Taker::open(const Session& session) {
    Binder(open_)
        .integer(session.id)
        .time(session.login)
        .text(session.user)
        .integer(static_cast<int>(session.service));
    if (open_.exec() > 0) {
        Binder(list_).text(session.user).time(session.login);
        list_.exec();
    }
}

void Taker::end(const Session& session, std::int64_t number) {
    if (options_.touch_online) {
        Binder(close_).integer(session.id);
        close_.exec();
    }
    const bool is_new = remember(session, number);
    // A late word of a session must not bring back a user who was forgotten.
    const bool may_add = is_new || replayed_;
    run(may_add ? add_ : update_, session, is_new && !replayed_ ? 1 : 0);
}

bool Taker::remember(const Session& session, std::int64_t number) {
    Binder(remember_).integer(session.id).time(session.login).integer(number);
    const bool is_new = remember_.exec() > 0;
    new_sessions_ += is_new ? 1 : 0;
    return is_new;
}

} // namespace dovewatch::spool
