// The title grammar: what the text of a process title says.
//
// Formats: Dovecot's source, 2.0 to 2.4.4 (the *refresh_proctitle functions in src/imap, src/pop3, src/lmtp,
// src/submission and src/lib-login, client_state_set in 2.2's src/lmtp, master_status_update in
// src/lib-master; Pigeonhole's src/managesieve).
//
// Dovecot escapes nothing, so a text can have several readings: where auth_username_chars is empty a user
// name holds anything, and IMAP and ManageSieve command names come from the client (before 2.3.14 anything
// but SP, CR and LF, such as `1.2.3.4` or `(deinit)`). The readings are tried in this order:
// 1. What Dovecot says of itself ([idling], [3 connections], ...), although a user may be called so.
// 2. The running session, where the caller knows it: a text that goes on from that session's own title is
// about it.
// 3. The bare [USER ADDRESS], as written at login before any command was read from the client: if the last
// word is an
//    address, the user is all before it.
// 4. A tail behind the first address: with the default auth_username_chars a user name has no space, so the
// first
//    reading is right whatever command the client makes up.
// 5. Without an address: one word is a user; more words only if all but the first are commands that Dovecot
// knows. A text that none of them fits is unknown: no user is better than a wrong one.
#pragma once

#include "monitor/process_event.h"
#include "store/address.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dovewatch {

struct Title {
    enum class Kind : std::uint8_t {
        unknown,        // torn, or of a form that says nothing: change nothing
        empty,          // the title was cleared
        idling,         // [idling]: waits for a client, or (2.3.21 to 2.4.2) serves one silently
        stage,          // [initializing], [waiting on client], [auth lookup], ...: before a login (2.3.21+)
        unhibernating,  // [waiting on unhibernate client], [unhibernating]: before a session's return
        connections,    // [N connections]
        user,           // [USER ADDRESS ...]: serves this user
        deinit,         // [USER ADDRESS (deinit)]: takes leave of this user
        delivery,       // [ADDRESS DATA USER]: delivers to this user
        delivery_phase, // lmtp between deliveries: READY, MAIL FROM, ...
    };
    Kind kind = Kind::unknown;
    std::string_view user;          // into the parsed text
    std::optional<Address> address; // the client's
    std::uint32_t connections = 0;
    // The process waits to write its log. It will show this same title again without the remark.
    bool log_blocked = false;
    // Something stands behind [USER ADDRESS. imap, pop3 and managesieve begin each session without.
    bool has_tail = false;

    bool operator==(const Title&) const = default;
};

// The session whose title the process showed last, where one is known. It settles titles whose text
// alone has several readings: a text that continues that session's own title is about that session.
struct TitleContext {
    std::string_view user;
    std::optional<Address> address;
};

// Pure; any bytes are good input. The result's views live as long as `text`.
Title parse_title(ProcessRole role, std::string_view text,
                  const std::optional<TitleContext>& running = std::nullopt);

} // namespace dovewatch
