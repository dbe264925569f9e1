// The program `dovewatch` on rows from memory.
#pragma once

#include "store/reader.h"

#include <string>
#include <vector>

namespace dovewatch::test {

struct Rows {
    std::vector<Session> online{}; // sorted as the store does
    std::vector<Activity> history{};
    std::vector<LastLogin> last_logins{};
    std::vector<LastLogin> inactive{};
    std::vector<StoreChange> changes{};
    std::vector<DaySummary> summaries{};
    std::optional<UtcTime> oldest_change{}; // of each backlog
    StoreStatus status = running();
    std::optional<Error> error{}; // given after the rows

    static StoreStatus running();
};

struct Outcome {
    int status = -1;
    std::string out;
    std::string err;
};

// Runs at 2026-11-21 21:02:34.5 UTC, one hour east of Greenwich.
Outcome dovewatch(const Rows& rows, const std::vector<std::string>& arguments, bool is_terminal = false);

// The queries that the last run asked.
struct Asked {
    SessionFilter filter;
    ActivityQuery query;
    std::optional<std::string> glob;
    InactiveQuery inactive;
    std::filesystem::path database;
};
const Asked& asked();

UtcTime utc(const char* text); // "2026-11-21T21:02:34.123456"

// sue, imap, pid 4233, from 192.0.2.7, online since 21:00:00 UTC.
Session sue();
// tom, pop3, pid 99, from 2001:db8::1, 20:00:00.25 to 20:00:00.254321.
Session tom();
// ann, lmtp, pid 7, no address, at 19:00:00.
Delivery ann();

} // namespace dovewatch::test
