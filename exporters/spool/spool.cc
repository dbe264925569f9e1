#include "exporters/spool/spool.h"

#include "exporters/spool/folder.h"
#include "exporters/spool/new_file.h"
#include "exporters/spool/state.h"
#include "exporters/spool/taker.h"

#include <algorithm>
#include <utility>

#include <SQLiteCpp/Transaction.h>
#include <sys/stat.h>

namespace dovewatch {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds touch_interval = 1min;
constexpr std::chrono::milliseconds retry_of_locked = 200ms;
constexpr std::chrono::milliseconds retry_of_troubled = 5s;
constexpr std::chrono::milliseconds nothing_to_do = 1h;

Error to_error(const spool::Trouble& trouble) {
    const bool is_usage = trouble.kind == spool::Trouble::Kind::owner;
    return {is_usage ? Error::Kind::usage : Error::Kind::unavailable, trouble.message};
}

bool is_no_folder(const std::filesystem::path& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
}

Result<void> check_folder(const SpoolOptions& options) {
    if (is_no_folder(options.folder)) {
        return usage_error(options.folder.string() + " is not a folder: name the spool folder");
    }
    const auto folder = spool::Folder::open(options, spool::Folder::Missing::create);
    if (!folder) {
        return tl::make_unexpected(to_error(folder.error()));
    }
    folder->remove_unfinished();
    return spool::probe(*folder).map_error(to_error);
}

std::set<Service> watched_services(const SpoolOptions& options) {
    return options.touch_online ? options.services : std::set<Service>{};
}

} // namespace

SpoolExporter::SpoolExporter(SpoolOptions options, SpoolSurroundings surroundings)
    : options_(std::move(options)), surroundings_(std::move(surroundings)) {}

Result<void> SpoolExporter::prepare(SQLite::Database& state) {
    SQLite::Transaction transaction(state, SQLite::TransactionBehavior::IMMEDIATE);
    spool::make_tables(state);
    spool::make_unsure(state);
    spool::drop_open_sessions(state, watched_services(options_));
    spool::prune_counted(state, spool::remembered_sessions);
    transaction.commit();
    return check_folder(options_);
}

Result<void> SpoolExporter::take(std::span<const StoreChange> changes, bool replayed,
                                 SQLite::Database& state) {
    spool::Taker taker(options_, replayed, state);
    for (const StoreChange& change : changes) {
        taker.take(change);
    }
    unpruned_ += taker.new_sessions();
    if (unpruned_ >= spool::sessions_between_prunes) {
        spool::prune_counted(state, spool::remembered_sessions);
        unpruned_ = 0;
    }
    return {};
}

Result<Pushed> SpoolExporter::push(SQLite::Database& state) {
    const auto folder = spool::Folder::open(options_, spool::Folder::Missing::create);
    if (!folder) {
        return tl::make_unexpected(to_error(folder.error()));
    }
    if (is_unsure_) {
        spool::make_unsure(state);
    }
    const spool::Moment moment{surroundings_.utc_now(), surroundings_.now(), surroundings_.report};
    touch_when_due(*folder, moment, state);
    spool::Pass pass(*folder, moment, tally_, memory_);
    is_unsure_ = true;
    pass.run(state);
    is_unsure_ = false;
    auto failure = pass.failure();
    if (pass.is_stopped()) {
        return unavailable(failure.value_or(std::string()));
    }
    return Pushed{until_next(pass, moment.steady), std::move(failure)};
}

void SpoolExporter::touch_when_due(const spool::Folder& folder, const spool::Moment& moment,
                                   SQLite::Database& state) {
    if (!options_.touch_online || (touched_ && moment.steady - *touched_ < touch_interval)) {
        return;
    }
    touched_ = moment.steady;
    std::vector<std::string> users = spool::online_users(state);
    std::erase_if(users, [&](const std::string& user) { return folder.touch(user, moment.utc); });
    if (!users.empty()) {
        SQLite::Transaction transaction(state, SQLite::TransactionBehavior::IMMEDIATE);
        spool::mark_dirty(state, users, moment.utc);
        transaction.commit();
    }
}

std::chrono::milliseconds SpoolExporter::until_next(const spool::Pass& pass, Clock::time_point now) const {
    std::chrono::milliseconds wait = nothing_to_do;
    if (touched_) {
        wait = std::chrono::ceil<std::chrono::milliseconds>(*touched_ + touch_interval - now);
    }
    if (pass.failure()) {
        wait = std::min(wait, retry_of_troubled);
    }
    return pass.is_waiting() ? std::min(wait, retry_of_locked) : wait;
}

void SpoolExporter::meet_new_store(SQLite::Database& state) {
    state.exec("DELETE FROM spool_counted; DELETE FROM spool_open; UPDATE spool_user SET session = 0");
}

void SpoolExporter::forget_open_sessions(SQLite::Database& state) {
    state.exec("DELETE FROM spool_open");
}

std::optional<std::uint64_t> SpoolExporter::waiting(SQLite::Database& state) const {
    return state.execAndGet("SELECT count(*) FROM spool_user WHERE dirty > 0").getInt64();
}

std::vector<Counter> SpoolExporter::counters() const {
    return {{"spool", "files written", tally_.written, false},
            {"spool", "files found locked by others", tally_.locked, false},
            {"spool", "places taken by what is no file", tally_.refused, false},
            {"spool", "damaged files kept aside", tally_.damaged, false},
            {"spool", "counters changed by others", tally_.changed, false}};
}

} // namespace dovewatch
