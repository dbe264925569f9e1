#include "exporters/spool/pass.h"

#include <algorithm>
#include <cstddef>

#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>

namespace dovewatch::spool {
namespace {

constexpr std::size_t users_per_round = 500;

// What a file may say without anybody else having changed it. A run that was broken off wrote some counter
// that was due then: more than what the file was known to say, and no more than what is due now.
bool is_ours(const DirtyUser& user, std::int64_t found) {
    return found == *user.written || (user.is_unsure && found > *user.written && found <= user.counter);
}

std::string statistics_of(const DirtyUser& user, const std::optional<Content>& found,
                          const SpoolOptions& options) {
    if (!user.has_ended && found && !found->statistics.empty()) {
        return found->statistics;
    }
    return user.statistics.empty() ? options.missing_statistics : user.statistics;
}

} // namespace

void Pass::run(SQLite::Database& state) {
    std::optional<std::string> after;
    while (!is_stopped_) {
        const Round done = round(state, after);
        if (!done.last) {
            std::erase_if(memory_.waiting, [&](const auto& entry) { return left_.count(entry.first) == 0; });
            return;
        }
        if (!done.has_settled) {
            after = done.last;
        }
    }
    if (is_unsure_) {
        make_unsure(state);
    }
}

std::optional<std::string> Pass::failure() const {
    if (failures_ == 0) {
        return std::nullopt;
    }
    if (failures_ == 1) {
        return first_failure_;
    }
    return fmt::format("{} (and {} more users' files)", first_failure_, failures_ - 1);
}

// The transaction begins before the users are read, so that no user is forgotten in between and written
// nevertheless.
Pass::Round Pass::round(SQLite::Database& state, const std::optional<std::string>& after) {
    SQLite::Transaction transaction(state, SQLite::TransactionBehavior::IMMEDIATE);
    Marker marker(state);
    Round done;
    for (DirtyUser& user : dirty_users(state, after, users_per_round)) {
        if (is_stopped_) {
            break;
        }
        done.last = user.user;
        take_step(user, marker, done);
    }
    if (!done.has_written || sync()) {
        transaction.commit();
    }
    return done;
}

// A user who is settled can be written once that is committed.
void Pass::take_step(DirtyUser& user, Marker& marker, Round& done) {
    if (left_.count(user.user) != 0) {
        return;
    }
    const auto taken = step(user);
    if (!taken) {
        leave(user, taken.error());
        return;
    }
    if (*taken == Step::written) {
        marker.written(user);
        done.has_written = true;
    } else {
        marker.settled(user);
        done.has_settled = true;
    }
}

// One call for the files of the whole round.
bool Pass::sync() {
    const auto synced = folder_.sync();
    if (!synced) {
        is_stopped_ = true;
        is_unsure_ = true;
        fail(synced.error().message);
    }
    return synced.has_value();
}

Attempt<Pass::Step> Pass::step(DirtyUser& user) {
    auto place = Place::lock(folder_, user.user, Folder::Missing::create);
    if (!place) {
        return tl::make_unexpected(place.error());
    }
    const auto found = read(*place);
    if (!found) {
        return tl::make_unexpected(found.error());
    }
    if (settle(*place, user, *found)) {
        const bool first_time = settled_.insert(user.user).second;
        return first_time ? Attempt<Step>(Step::settled)
                          : locked(fmt::format("{} is changed again and again by another process",
                                               place->path().string()));
    }
    return write(*place, user, *found).map([] { return Step::written; });
}

Attempt<std::optional<Content>> Pass::read(Place& place) {
    if (!place.has_file()) {
        return std::nullopt;
    }
    const auto text = place.read();
    if (!text) {
        return tl::make_unexpected(text.error());
    }
    auto content = parse_content(*text);
    return content ? Attempt<std::optional<Content>>(std::move(content)) : keep_aside(place);
}

Attempt<std::optional<Content>> Pass::keep_aside(Place& place) {
    const auto kept = place.keep_aside(moment_.utc);
    if (!kept) {
        return tl::make_unexpected(kept.error());
    }
    ++tally_.damaged;
    moment_.report(fmt::format("{} is damaged: kept as {}; its counter goes on from what is known without it",
                               place.path().string(), kept->string()));
    return std::nullopt;
}

// True where what the file says must be stored before it is written: else a kill in between would leave no
// way to tell what was added from what was there.
bool Pass::settle(const Place& place, DirtyUser& user, const std::optional<Content>& found) {
    if (user.written && (!found || is_ours(user, found->counter))) {
        return false;
    }
    if (user.written) {
        tell_change(place, *user.written, found->counter);
    }
    const std::int64_t base = found ? found->counter : 0;
    user.counter += base - user.written.value_or(0);
    user.written = base;
    return true;
}

void Pass::tell_change(const Place& place, std::int64_t from, std::int64_t to) {
    if (tally_.changed++ == 0) {
        moment_.report(
            fmt::format("another program changed the counter in {} from {} to {}: its change is kept; "
                        "further ones are counted without a word",
                        place.path().string(), from, to));
    }
}

Attempt<void> Pass::write(Place& place, const DirtyUser& user, const std::optional<Content>& found) {
    const bool is_fresh = user.is_online && folder_.options().touch_online;
    const UtcTime mtime = is_fresh ? std::max(moment_.utc, user.logout) : user.logout;
    const Content content{user.counter, statistics_of(user, found, folder_.options())};
    return place.write(format_content(content), mtime).map([this] { ++tally_.written; });
}

void Pass::leave(const DirtyUser& user, const Trouble& trouble) {
    using Kind = Trouble::Kind;
    if (trouble.kind == Kind::folder || trouble.kind == Kind::owner) {
        is_stopped_ = true;
        fail(trouble.message);
        return;
    }
    left_.insert(user.user);
    const auto [since, is_first] = memory_.waiting.try_emplace(user.user, moment_.steady);
    if (is_first) {
        tally_.locked += trouble.kind == Kind::locked ? 1 : 0;
        tally_.refused += trouble.kind == Kind::refused ? 1 : 0;
    }
    if (trouble.kind == Kind::locked && moment_.steady - since->second < patience) {
        is_waiting_ = true;
        return;
    }
    fail(trouble.message);
}

void Pass::fail(const std::string& message) {
    if (failures_++ == 0) {
        first_failure_ = message;
    }
}

} // namespace dovewatch::spool
