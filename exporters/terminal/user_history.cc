#include "exporters/terminal/user_history.h"

#include "store/user_glob.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace dovewatch::terminal {
namespace {

using Place = std::pair<Service, std::optional<Address>>;
using DeletionsByPlace = std::map<Place, Deletions>;

void add_deletion(DeletionsByPlace& all, const Session& session) {
    if (session.numbers.deleted.value_or(0) <= 0) {
        return;
    }
    Deletions& deletions = all[{session.service, session.address}];
    deletions.service = session.service;
    deletions.address = session.address;
    deletions.deleted += *session.numbers.deleted;
    ++deletions.sessions;
    deletions.last = std::max(deletions.last, session.logout.value_or(session.login));
}

std::vector<Deletions> sorted(const DeletionsByPlace& all) {
    std::vector<Deletions> sorted;
    for (const auto& [place, deletions] : all) {
        sorted.push_back(deletions);
    }
    std::sort(sorted.begin(), sorted.end(), [](const Deletions& left, const Deletions& right) {
        return std::tuple(left.service != Service::pop3, -left.deleted, right.last) <
               std::tuple(right.service != Service::pop3, -right.deleted, left.last);
    });
    return sorted;
}

// False when what is older is not asked for.
bool add(UserHistory& history, DeletionsByPlace& deletions, const Session& session, UtcTime now) {
    const bool is_recent = history.recent.size() < UserHistory::most_recent;
    const bool may_count = session.login >= now - UserHistory::deletions_since;
    if (is_recent) {
        history.recent.push_back(session);
    }
    if (may_count) {
        add_deletion(deletions, session);
    }
    return is_recent || may_count;
}

Result<void> read_sessions(const Reader& reader, UtcTime now, UserHistory& history) {
    DeletionsByPlace deletions;
    auto read = reader.activity({history.user, {}, {}}, [&](const Activity& row) {
        const auto* session = std::get_if<Session>(&row);
        return session == nullptr || add(history, deletions, *session, now);
    });
    history.deletions = sorted(deletions);
    return read;
}

template <typename Row>
auto append_to(std::vector<Row>& rows) {
    return [&rows](const Row& row) {
        rows.push_back(row);
        return true;
    };
}

} // namespace

Result<UserHistory> read_user(const Reader& reader, const std::string& user, UtcTime now) {
    UserHistory history;
    history.user = user;
    const std::string glob = glob_of_user(user);
    return reader.online({glob, {}, {}}, append_to(history.online))
        .and_then([&] { return reader.last_logins(glob, append_to(history.last_logins)); })
        .and_then([&] { return read_sessions(reader, now, history); })
        .map([&] { return std::move(history); });
}

} // namespace dovewatch::terminal
