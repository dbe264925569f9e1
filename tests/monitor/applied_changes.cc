#include "tests/monitor/applied_changes.h"

#include <variant>

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace dovewatch {
namespace {

std::int64_t microseconds(UtcTime time) {
    return time.time_since_epoch().count();
}

std::string describe_session(const char* kind, const Session& session) {
    return fmt::format(
        "{} {} {} {} {} pid {} login {}{} logout {}{} {}{} {} {}\n", kind, session.id, session.user,
        to_string(session.service), session.address ? session.address->to_string() : "-", session.process.pid,
        microseconds(session.login), session.login_estimated ? "~" : "",
        session.logout ? microseconds(*session.logout) : 0, session.logout_estimated ? "~" : "",
        to_string(session.end), session.hibernated ? " hibernated" : "", session.reason, session.statistics);
}

struct Describe {
    std::string operator()(const SessionBegan& change) const {
        return describe_session("began", change.session);
    }
    std::string operator()(const SessionUpdated& change) const {
        return describe_session("updated", change.session);
    }
    std::string operator()(const SessionReopened& change) const {
        return describe_session("reopened", change.session);
    }
    std::string operator()(const SessionEnded& change) const {
        return describe_session("ended", change.session);
    }
    std::string operator()(const Delivered& change) const {
        const Delivery& delivery = change.delivery;
        return fmt::format("delivered {} {} {} pid {} at {}\n", delivery.user, to_string(delivery.service),
                           delivery.address ? delivery.address->to_string() : "-", delivery.pid,
                           microseconds(delivery.at));
    }
};

} // namespace

void AppliedChanges::apply(const std::vector<SessionChange>& changes) {
    for (const SessionChange& change : changes) {
        INFO(std::visit(Describe{}, change));
        if (const auto* begin = std::get_if<SessionBegan>(&change)) {
            began(begin->session);
        } else if (const auto* update = std::get_if<SessionUpdated>(&change)) {
            updated(update->session);
        } else if (const auto* reopen = std::get_if<SessionReopened>(&change)) {
            reopened(reopen->session);
        } else if (const auto* end = std::get_if<SessionEnded>(&change)) {
            ended(end->session);
        } else {
            deliveries_.push_back(std::get<Delivered>(change).delivery);
        }
    }
}

void AppliedChanges::began(const Session& session) {
    REQUIRE((rows_.empty() || rows_.rbegin()->first < session.id));
    REQUIRE_FALSE(session.logout);
    REQUIRE(session.end == End::none);
    REQUIRE_FALSE(session.user.empty());
    REQUIRE(session.service_class == to_string(session.service));
    rows_[session.id] = {session, session.process};
}

void AppliedChanges::updated(const Session& session) {
    const auto row = rows_.find(session.id);
    REQUIRE(row != rows_.end());
    REQUIRE(row->second.session.user == session.user);
    REQUIRE(row->second.session.login == session.login);
    if (session.logout) { // what Dovecot logged of it came later
        REQUIRE(session.logout == row->second.session.logout);
        REQUIRE(session.end == row->second.session.end);
        REQUIRE(session.logout_estimated == row->second.session.logout_estimated);
    } else {
        REQUIRE_FALSE(row->second.session.logout);
        REQUIRE(session.end == End::none);
        REQUIRE(session.reason.empty());
    }
    row->second.session = session;
}

void AppliedChanges::reopened(const Session& session) {
    const auto row = rows_.find(session.id);
    REQUIRE(row != rows_.end());
    REQUIRE(row->second.session.logout);
    REQUIRE(row->second.session.user == session.user);
    REQUIRE(row->second.session.login == session.login);
    REQUIRE_FALSE(session.logout);
    row->second.session = session;
}

void AppliedChanges::ended(const Session& session) {
    const auto row = rows_.find(session.id);
    REQUIRE(row != rows_.end());
    REQUIRE_FALSE(row->second.session.logout);
    REQUIRE(row->second.session.user == session.user);
    REQUIRE(row->second.session.login == session.login);
    REQUIRE(session.logout);
    REQUIRE(*session.logout >= session.login);
    REQUIRE(session.end != End::none);
    REQUIRE_FALSE(session.hibernated);
    row->second.session = session;
}

std::vector<Session> AppliedChanges::online() const {
    std::vector<Session> online;
    for (const auto& [id, row] : rows_) {
        if (!row.session.logout) {
            online.push_back(row.session);
        }
    }
    return online;
}

std::string describe(const std::vector<SessionChange>& changes) {
    std::string text;
    for (const SessionChange& change : changes) {
        text += std::visit(Describe{}, change);
    }
    return text;
}

} // namespace dovewatch
