// The data that the store keeps: what the monitor hands over and the exporters read.
#pragma once

#include "store/address.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dovewatch {

// UTC, microseconds since 1970.
using UtcTime = std::chrono::sys_time<std::chrono::microseconds>;

// What Dovecot calls the process type. The numbers are stored: never renumber.
enum class Service : std::uint8_t {
    imap = 1,
    pop3 = 2,
    lmtp = 3,
    submission = 4,
    managesieve = 5,
    lda = 6,
};

std::string_view to_string(Service service);
std::optional<Service> parse_service(std::string_view name);

// How a session ended. The numbers are stored: never renumber.
enum class End : std::uint8_t {
    none = 0,   // it has not
    logout = 1, // the process took leave of the client and said so in its title
    exit = 2,   // the process exited without a word
    signal = 3, // the process was killed
    lost = 4,   // found gone: the end was not seen, its time is estimated
};

std::string_view to_string(End end);

// A process, told apart from later users of the same pid.
struct ProcessKey {
    std::int32_t pid = 0;
    std::int64_t start_ticks = 0; // start time since boot, in 1/100 s as /proc/PID/stat has it

    auto operator<=>(const ProcessKey&) const = default;
};

// What a session did, so far as its statistics say it in a format that is known: Dovecot's defaults.
struct Statistics {
    std::optional<std::int64_t> top;       // messages of which only the head was asked for
    std::optional<std::int64_t> retrieved; // messages read
    std::optional<std::int64_t> deleted;   // messages that the session removed
    std::optional<std::int64_t> left;      // messages behind
    std::optional<std::int64_t> bytes;     // sent to the client: of messages for pop3, of all for imap

    auto operator<=>(const Statistics&) const = default; // NOLINT(modernize-use-nullptr): as in address.h
};

// One login of one user to one service, from login to logout.
struct Session {
    std::int64_t id = 0; // unique in the database, grows in the order of the logins seen
    std::string user;    // as in the title: any bytes but NUL
    Service service = Service::imap;
    std::string service_class; // the service's name, or the configured part of it
    std::optional<Address> address;
    ProcessKey process; // where it runs; the last one where it was hibernated
    UtcTime login{};
    std::chrono::microseconds login_since_boot{}; // told only to the daemon, of what is online
    std::optional<UtcTime> logout;                // no value while online
    End end = End::none;
    bool login_estimated = false;
    bool logout_estimated = false;
    bool hibernated = false; // online, without a process of its own
    std::string reason;      // of its end, and what it did, as Dovecot's logout line has them ("Logged out",
    std::string statistics;  // "top=0/0, retr=1/512, ..."); empty where the line was not seen
    Statistics numbers;      // from `statistics`
};

// One message handed to one user by lmtp or lda.
struct Delivery {
    std::string user;
    Service service = Service::lmtp;
    std::string service_class;
    std::optional<Address> address; // the LMTP client; none for lda and unix sockets
    std::int32_t pid = 0;
    UtcTime at{};
};

// What the session tracker says. Each carries the whole row, so that applying one twice is harmless
// except for the login count.
struct SessionBegan {
    Session session;
};
struct SessionUpdated { // address, process or state changed; or its logout line came after its end
    Session session;
};
struct SessionReopened { // an end was taken back: it goes on
    Session session;
};
struct SessionEnded {
    Session session;
};
struct Delivered {
    Delivery delivery;
};
using SessionChange = std::variant<SessionBegan, SessionUpdated, SessionReopened, SessionEnded, Delivered>;

// The newest session or delivery of a user in a service class.
struct LastLogin {
    std::string user;
    std::string service_class;
    UtcTime at{};
    std::optional<Address> address;
    std::int64_t count = 0; // sessions or deliveries since the database began
};

// What a day (UTC) brought to a service class. Outlives the sessions.
struct DaySummary {
    std::chrono::sys_days day{};
    std::string service_class;
    std::int64_t logins = 0; // or deliveries
    std::int64_t users = 0;  // different ones
    std::int64_t peak_online = 0;
    std::int64_t bytes = 0; // as in Statistics, of the sessions where they are known
};

// How often something happened since the daemon started. A loss is something the daemon should have
// stored and could not.
struct Counter {
    std::string stage; // "kernel", "monitor", "store"
    std::string name;
    std::uint64_t value = 0;
    bool is_loss = false;
};

// Names of counters that more than one program knows.
inline constexpr std::string_view ring_bytes_counter = "ring buffer bytes";
inline constexpr std::string_view ring_peak_counter = "ring buffer bytes used at most";

// What the daemon says of itself for `dovewatch status`.
struct DaemonStatus {
    std::int32_t pid = 0;
    std::string version;
    std::string source; // "uprobe", "switch", "proc"
    UtcTime started{};
    std::optional<UtcTime> last_event;
    std::vector<Counter> counters;
};

// A place in the stream of a source whose events outlive the daemon.
struct SourcePosition {
    std::string source_id; // another stream has another
    std::uint64_t position = 0;

    bool operator==(const SourcePosition&) const = default;
};

// Where a daemon that starts again goes on. Stored with the changes that led there, so that no event counts
// twice and none is passed over, whenever the daemon was killed.
struct Checkpoint {
    std::string boot_id; // of the running kernel: after a reboot nothing of it holds
    UtcTime at{};        // when it was reached
    SourcePosition position;
    std::string tracker; // what the session tracker knows beside the open sessions; its own format

    bool operator==(const Checkpoint&) const = default;
};

} // namespace dovewatch
