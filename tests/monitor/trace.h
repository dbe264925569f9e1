// Recorded traces (tests/traces/README.md) as process events, and what was really done while they were
// recorded.
#pragma once

#include "monitor/process_event.h"
#include "store/model.h"

#include <optional>
#include <string>
#include <vector>

namespace dovewatch {

// As the client saw it.
struct TrueSession {
    Service service = Service::imap;
    std::string user; // as Dovecot normalised it, all bytes
    std::optional<Address> address;
    std::int32_t pid = 0; // of the first process
    BootTime login{};
    BootTime logout{};
    std::string end;        // "logout", "quit", "drop", "server SIGKILL", ...
    std::string reason;     // as in Dovecot's log; empty where it has no line
    std::string statistics; // the same
};

struct TrueDelivery {
    Service service = Service::lmtp;
    std::string user;
    std::optional<std::int32_t> pid;

    bool operator==(const TrueDelivery&) const = default;
};

struct Trace {
    std::string name; // VERSION/SCENARIO
    std::vector<ProcessEvent> events;
    std::vector<TrueSession> sessions;
    std::vector<TrueDelivery> deliveries;
};

// Of every version and scenario, by name.
std::vector<std::string> trace_names();

// Only processes that the kernel's filter trusts: children of a Dovecot master, and dovecot-lda.
Trace load_trace(const std::string& name);

// What the filter in the kernel lets through of these events: no titles that only change the command of the
// same user, nor those before a login except [waiting on ...] and [unhibernating], and of lmtp deliveries
// only.
std::vector<ProcessEvent> as_filtered(const std::vector<ProcessEvent>& events);

// As from a kernel where the logging functions cannot be probed.
std::vector<ProcessEvent> without_logout_lines(std::vector<ProcessEvent> events);

} // namespace dovewatch
