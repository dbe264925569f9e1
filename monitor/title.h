// The title grammar: what the text of a process title says.
//
// Formats: Dovecot's source, 2.0 to 2.4.4 (src/imap/imap-client.c, src/pop3/pop3-client.c, src/lmtp/lmtp-client.c,
// src/submission/submission-client.c, src/managesieve/managesieve-client.c, src/imap-hibernate/imap-client.c,
// src/lib-master/master-service.c: the *_refresh_proctitle functions).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "monitor/process_event.h"
#include "store/address.h"

namespace dovewatch {

struct Title {
    enum class Kind : std::uint8_t {
        unknown,         // torn, or of a form that says nothing: change nothing
        empty,           // the title was cleared
        idling,          // [idling]: waits for a client, or (2.3.21 to 2.4.2) serves one silently
        stage,           // [initializing], [waiting on client], [auth lookup], ...: before a login (2.3.21+)
        unhibernating,   // [waiting on unhibernate client], [unhibernating]: before a session's return
        connections,     // [N connections]
        user,            // [USER ADDRESS ...]: serves this user
        deinit,          // [USER ADDRESS (deinit)]: takes leave of this user
        delivery,        // [ADDRESS DATA USER]: delivers to this user
        delivery_phase,  // lmtp between deliveries: READY, MAIL FROM, ...
    };
    Kind kind = Kind::unknown;
    std::string_view user;          // into the parsed text
    std::optional<Address> address; // the client's
    std::uint32_t connections = 0;

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
