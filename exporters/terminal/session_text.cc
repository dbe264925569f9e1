#include "exporters/terminal/session_text.h"

#include "exporters/terminal/text.h"

namespace dovewatch::terminal {
namespace {

std::string_view unusual(End end) {
    switch (end) {
    case End::none:
    case End::logout:
        return {};
    case End::exit:
        return "exit without logout";
    case End::signal:
        return "killed";
    case End::lost:
        return "end not seen";
    }
    return "end unknown";
}

void append_note(fmt::memory_buffer& notes, std::string_view note) {
    if (note.empty()) {
        return;
    }
    append(notes, notes.size() == 0 ? "" : ", ");
    append(notes, note);
}

} // namespace

std::string_view service_text(fmt::memory_buffer& text, Service service, std::string_view service_class) {
    text.clear();
    append(text, to_string(service));
    if (service_class != to_string(service)) {
        text.push_back('/');
        append(text, service_class);
    }
    return view(text);
}

std::string_view session_notes(fmt::memory_buffer& text, const Session& session) {
    text.clear();
    append_note(text, session.hibernated ? "hibernated" : "");
    append_note(text, unusual(session.end));
    append_note(text, session.login_estimated ? "login estimated" : "");
    append_note(text, session.logout_estimated ? "logout estimated" : "");
    return view(text);
}

std::string_view short_reason(fmt::memory_buffer& text, std::string_view reason) {
    constexpr std::size_t most = 36;
    if (reason.size() <= most) {
        return reason;
    }
    std::size_t end = most - 3;
    while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xC0U) == 0x80U) {
        --end; // not within a code point
    }
    text.clear();
    append(text, reason.substr(0, end));
    append(text, "...");
    return view(text);
}

} // namespace dovewatch::terminal
