// What the database knows of one user.
#pragma once

#include "store/reader.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dovewatch::terminal {

// The sessions of one service from one address that removed messages.
struct Deletions {
    Service service = Service::pop3;
    std::optional<Address> address;
    std::int64_t deleted = 0; // messages
    std::int64_t sessions = 0;
    UtcTime last{};
};

struct UserHistory {
    static constexpr std::size_t most_recent = 10;
    static constexpr std::chrono::days deletions_since{90};

    std::string user;
    std::vector<Session> online;
    std::vector<LastLogin> last_logins; // by service class
    std::vector<Session> recent;        // the newest first
    std::vector<Deletions> deletions;   // of imap too: expunges; pop3 first, then the most messages

    bool was_seen() const { return !last_logins.empty() || !recent.empty() || !online.empty(); }
};

[[nodiscard]] Result<UserHistory> read_user(const Reader& reader, const std::string& user, UtcTime now);

} // namespace dovewatch::terminal
