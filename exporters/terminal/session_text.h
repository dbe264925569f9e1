// How a table words a session.
#pragma once

#include "exporters/terminal/row_sink.h"
#include "store/model.h"

#include <fmt/format.h>

namespace dovewatch::terminal {

// "imap", or "imap/webmail" where the service class has a name of its own. Replaces what is in `text`.
std::string_view service_text(fmt::memory_buffer& text, Service service, std::string_view service_class);

// What is out of the ordinary: "hibernated, login estimated", "killed". Replaces what is in `text`.
std::string_view session_notes(fmt::memory_buffer& text, const Session& session);

// The beginning of the reason, enough for a line of a table. Replaces what is in `text`.
std::string_view short_reason(fmt::memory_buffer& text, std::string_view reason);

inline Tone dim_if(bool estimated) {
    return estimated ? Tone::dim : Tone::plain;
}

} // namespace dovewatch::terminal
