// Sessions to store, and all that a database holds, for comparison.
#pragma once

#include "store/reader.h"
#include "store/writer.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <tuple>
#include <vector>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <catch2/catch.hpp>

namespace dovewatch::test {

inline UtcTime at(std::int64_t microseconds) {
    return UtcTime{std::chrono::microseconds{microseconds}};
}

inline Session session(std::int64_t id, std::string user, std::int64_t login) {
    Session made;
    made.id = id;
    made.user = std::move(user);
    made.service = Service::pop3;
    made.service_class = "pop3";
    made.address = Address::parse("192.0.2.7");
    made.process = {1234, 5678};
    made.login = at(login);
    return made;
}

inline Session ended(Session made, std::int64_t logout, End end = End::logout) {
    made.logout = at(logout);
    made.end = end;
    return made;
}

inline Delivery delivery(std::string user, std::int64_t when) {
    Delivery made;
    made.user = std::move(user);
    made.service_class = "lmtp";
    made.address = Address::parse("2001:db8::25");
    made.pid = 77;
    made.at = at(when);
    return made;
}

inline auto fields(const Session& s) {
    return std::tie(s.id, s.user, s.service, s.service_class, s.address, s.process, s.login, s.logout, s.end,
                    s.login_estimated, s.logout_estimated, s.hibernated, s.reason, s.statistics, s.numbers);
}

inline auto fields(const Delivery& d) {
    return std::tie(d.user, d.service, d.service_class, d.address, d.pid, d.at);
}

// Ends the test where the result is an error.
template <typename T>
T value_of(Result<T> result) {
    if (!result) {
        FAIL(result.error().message);
    }
    return std::move(*result);
}

inline void must(const Result<void>& result) {
    if (!result) {
        FAIL(result.error().message);
    }
}

inline std::unique_ptr<Writer> open_writer(const std::filesystem::path& file) {
    return value_of(Writer::open(file));
}

inline void commit(Writer& writer, const std::vector<SessionChange>& changes) {
    must(writer.commit(changes, {}));
}

inline std::vector<Session> online(const std::filesystem::path& file, const SessionFilter& filter = {}) {
    std::vector<Session> rows;
    must(value_of(Reader::open(file))->online(filter, [&](const Session& row) {
        rows.push_back(row);
        return true;
    }));
    return rows;
}

inline std::vector<Activity> activity(const std::filesystem::path& file, const ActivityQuery& query = {}) {
    std::vector<Activity> rows;
    must(value_of(Reader::open(file))->activity(query, [&](const Activity& row) {
        rows.push_back(row);
        return true;
    }));
    return rows;
}

inline std::vector<LastLogin> last_logins(const std::filesystem::path& file,
                                          const std::optional<std::string>& glob = std::nullopt) {
    std::vector<LastLogin> rows;
    must(value_of(Reader::open(file))->last_logins(glob, [&](const LastLogin& row) {
        rows.push_back(row);
        return true;
    }));
    return rows;
}

inline std::string bytes_of(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

inline void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary) << bytes;
}

// A database with some sessions, its writer ended.
inline void make_database(const std::filesystem::path& file, int sessions = 100) {
    const auto writer = open_writer(file);
    std::vector<SessionChange> changes;
    for (int i = 1; i <= sessions; ++i) {
        changes.push_back(SessionBegan{session(i, "user" + std::to_string(i), i)});
    }
    commit(*writer, changes);
}

} // namespace dovewatch::test
