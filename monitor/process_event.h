// What a source reports of one process.
#pragma once

#include "store/model.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>

namespace dovewatch {

// Time since boot, suspended time included (CLOCK_BOOTTIME).
using BootTime = std::chrono::nanoseconds;

// The kinds of process whose events matter to the session tracker.
enum class ProcessRole : std::uint8_t {
    imap,
    pop3,
    lmtp,
    submission,
    managesieve,
    lda,
    imap_hibernate,
};

// The process began to run a program of its role. A process that ran before the source did is
// adopted: `at` is then its start time, and what it did before is unknown.
struct ExecEvent {
    bool adopted = false;
    std::string arguments; // lda only: argv, each argument ended by NUL
};

// The process set its title. Text as Dovecot gave it, brackets included; "" for the empty title.
struct TitleEvent {
    std::string text;
    bool observed = false; // found to stand at that time; when it was set is unknown
};

// The process called Dovecot's logging function with two strings at its logout.
struct LogoutEvent {
    std::string reason;
    std::string statistics;
    bool structured = false; // by e_info, not i_info: of pop3 and submission that tells 2.4 from 2.3
};

struct ExitEvent {
    int status = 0;        // as wait(2) gives it: exit code << 8 | signal
    bool observed = false; // found gone; when and how it ended is unknown
};

struct ProcessEvent {
    ProcessKey process;
    std::int32_t parent_pid = 0; // the Dovecot master; for lda the MTA
    ProcessRole role = ProcessRole::imap;
    bool staged = false; // is known to have shown [waiting on client], be it before this event's source began
    BootTime at{};
    std::variant<ExecEvent, TitleEvent, LogoutEvent, ExitEvent> what;
};

} // namespace dovewatch
