// What the session tracker remembers of one process. There is one per online session, so it is lean.
#pragma once

#include "monitor/process_event.h"
#include "store/address.h"
#include "store/model.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace dovewatch {

struct OpenSession {
    std::int64_t id = 0; // 0: not announced
    std::string user;
    std::optional<Address> address;
    UtcTime login{};
    BootTime login_at{}; // the same moment
    bool login_estimated = false;
    std::shared_ptr<const LogoutEvent> line; // null: not seen
};

struct ProcessState {
    enum class Phase : std::uint8_t {
        free,       // no session
        running,    // serves `session`
        silent,     // serves `session`, so far as can be told, but shows [idling] since `since`
        left,       // took leave of `session` at `since`; that may be taken back
        hibernated, // gave `session` to imap-hibernate at `since`; that may be taken back
        undecided,  // `session` is a login, or a hibernated session that returns
    };

    // What is known of the time before the first title.
    enum class Past : std::uint8_t {
        known,         // it was seen, or what came after makes it irrelevant
        unseen,        // adopted, no title yet
        unseen_idling, // adopted, nothing but [idling] yet
    };

    ProcessKey key;
    std::int32_t parent_pid = 0;
    ProcessRole role = ProcessRole::imap;
    Phase phase = Phase::free;
    Past past = Past::known;

    bool adopted : 1 = false;
    bool stages_seen : 1 = false;    // shows stage titles, as 2.3.21+ does where client_limit is 1
    bool shared : 1 = false;         // has had several clients at once: client_limit is not 1
    bool count_fell : 1 = false;     // of `connections`, since the session in `session` was named
    bool left_by_idling : 1 = false; // in phase left: [idling] said so, not (deinit)
    bool idled : 1 = false;          // in phases left and hibernated: [idling] came since
    bool unhibernating : 1 = false;  // the next user returns from hibernation
    bool log_blocked : 1 = false;    // the last title will be shown again
    bool end_estimated : 1 = false;  // in phase left
    End end = End::none;             // in phase left

    std::uint32_t connections = 0; // as in the last title [N connections]; 0 in any other
    OpenSession session;           // the user alone for lda
    BootTime exec_at{};
    BootTime since{};      // of the phase, where it says so; in phase free: when it began
    BootTime count_rose{}; // of `connections`
};

// The service whose sessions or deliveries processes of a role serve.
Service service_of(ProcessRole role);
ProcessRole role_of(Service service);

// imap and pop3 say in their title when they take leave of a client.
bool says_deinit(ProcessRole role);

} // namespace dovewatch
