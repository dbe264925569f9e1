#include "monitor/title.h"

#include "monitor/title_words.h"
#include "store/number.h"

namespace dovewatch {
namespace {

using Kind = Title::Kind;

constexpr std::string_view blocked_remark = " - [blocking on log write]";
constexpr std::string_view blocked_alone = "[blocking on log write]"; // where there was no title
constexpr std::string_view deinit_mark = "(deinit)";

Title of_kind(Kind kind) {
    Title title;
    title.kind = kind;
    return title;
}

// A client that is gone while its commands still run leaves them in front: [u ip FETCH (deinit)].
bool says_deinit(std::string_view tail) {
    return tail == deinit_mark ||
           (tail.ends_with(deinit_mark) && tail[tail.size() - deinit_mark.size() - 1] == ' ');
}

Title about(ProcessRole role, std::string_view user, const std::optional<Address>& address,
            std::string_view tail) {
    if (user.empty()) {
        return {};
    }
    // The other services do not say it, so there it comes from the client.
    const bool can_say_deinit = role == ProcessRole::imap || role == ProcessRole::pop3;
    Title title = of_kind(can_say_deinit && says_deinit(tail) ? Kind::deinit : Kind::user);
    title.user = user;
    title.address = address;
    title.has_tail = !tail.empty();
    return title;
}

// The N of PREFIX N SUFFIX.
std::optional<std::uint32_t> number_within(std::string_view text, std::string_view prefix,
                                           std::string_view suffix) {
    if (text.size() < prefix.size() + suffix.size() || !text.starts_with(prefix) || !text.ends_with(suffix)) {
        return std::nullopt;
    }
    return parse_number<std::uint32_t>(
        text.substr(prefix.size(), text.size() - prefix.size() - suffix.size()));
}

std::optional<Title> parse_own_words(std::string_view inner) {
    constexpr std::array<std::string_view, 4> stages = {"initializing", "waiting on client", "auth lookup",
                                                        "post-login script"};
    if (inner == "idling") {
        return of_kind(Kind::idling);
    }
    if (is_one_of(stages, inner)) {
        return of_kind(Kind::stage);
    }
    if (inner == "waiting on unhibernate client" || inner == "unhibernating" ||
        number_within(inner, "unhibernating ", " clients")) {
        return of_kind(Kind::unhibernating);
    }
    if (const auto count = number_within(inner, "", " connections")) {
        Title title = of_kind(Kind::connections);
        title.connections = *count;
        return title;
    }
    return std::nullopt;
}

// Whether the service ever writes this behind a user. POP3 has one tail only.
bool may_be_tail(ProcessRole role, std::string_view tail) {
    return role != ProcessRole::pop3 || tail.empty() || tail == deinit_mark;
}

// The rest of the text behind the running session's own [USER ADDRESS, if that is how the text begins.
std::optional<std::string_view> tail_behind(const TitleContext& running, std::string_view inner) {
    if (running.user.empty() || !inner.starts_with(running.user)) {
        return std::nullopt;
    }
    inner.remove_prefix(running.user.size());
    if (running.address) {
        const std::string address = ' ' + running.address->to_string();
        if (!inner.starts_with(address)) {
            return std::nullopt;
        }
        inner.remove_prefix(address.size());
    }
    if (inner.empty() || inner.front() == ' ' || inner.front() == ']') {
        return inner.substr(inner.empty() ? 0 : 1);
    }
    return std::nullopt;
}

std::optional<Title> parse_in_context(ProcessRole role, std::string_view inner, const TitleContext& running) {
    const auto tail = tail_behind(running, inner);
    if (!tail || !may_be_tail(role, *tail)) {
        return std::nullopt;
    }
    return about(role, inner.substr(0, running.user.size()), running.address, *tail);
}

std::optional<Title> parse_bare(ProcessRole role, std::string_view inner, std::string_view tail = {}) {
    const std::size_t space = inner.rfind(' ');
    if (space == std::string_view::npos || space == 0) {
        return std::nullopt;
    }
    const auto address = Address::parse(inner.substr(space + 1));
    return address ? std::optional(about(role, inner.substr(0, space), address, tail)) : std::nullopt;
}

std::optional<Title> parse_first_address(ProcessRole role, std::string_view inner) {
    for (std::size_t space = inner.find(' ', 1); space != std::string_view::npos;) {
        const std::size_t next = inner.find(' ', space + 1);
        if (next == std::string_view::npos) {
            break;
        }
        if (const auto address = Address::parse(inner.substr(space + 1, next - space - 1))) {
            return about(role, inner.substr(0, space), address, inner.substr(next + 1));
        }
        space = next;
    }
    return std::nullopt;
}

Title parse_lone_user(ProcessRole role, std::string_view inner, std::string_view tail = {}) {
    const bool one_word = inner.find(' ') == std::string_view::npos;
    if (!one_word || inner == deinit_mark || Address::parse(inner)) {
        return {};
    }
    return about(role, inner, std::nullopt, tail);
}

template <typename Commands>
bool are_commands(const Commands& commands, std::string_view words) {
    for (;;) {
        const std::size_t end = words.find(' ');
        const auto word = words.substr(0, end);
        // Behind "-" Dovecot counts the bytes that wait.
        if (word == "-" || word == deinit_mark) {
            return true;
        }
        if (!is_one_of(commands, word)) {
            return false;
        }
        if (end == std::string_view::npos) {
            return true;
        }
        words.remove_prefix(end + 1);
    }
}

Title parse_without_address(ProcessRole role, std::string_view inner) {
    const std::size_t space = inner.find(' ');
    if (space == std::string_view::npos) {
        return parse_lone_user(role, inner);
    }
    const auto tail = inner.substr(space + 1);
    const bool known = role == ProcessRole::managesieve ? are_commands(managesieve_commands, tail)
                                                        : are_commands(imap_commands, tail);
    return known ? parse_lone_user(role, inner.substr(0, space), tail) : Title{};
}

// imap and managesieve.
Title parse_with_commands(ProcessRole role, std::string_view inner) {
    if (const auto title = parse_bare(role, inner)) {
        return *title;
    }
    if (const auto title = parse_first_address(role, inner)) {
        return *title;
    }
    return parse_without_address(role, inner);
}

Title parse_pop3(std::string_view inner) {
    std::string_view tail;
    if (inner.size() > deinit_mark.size() && says_deinit(inner)) {
        inner.remove_suffix(deinit_mark.size() + 1);
        tail = deinit_mark;
    }
    if (const auto title = parse_bare(ProcessRole::pop3, inner, tail)) {
        return *title;
    }
    return parse_lone_user(ProcessRole::pop3, inner, tail);
}

// Where the first " STATE" begins that ends the text or goes on with a space.
std::size_t find_smtp_state(std::string_view inner) {
    for (std::size_t space = inner.find(' ', 1); space != std::string_view::npos;
         space = inner.find(' ', space + 1)) {
        const auto rest = inner.substr(space + 1);
        for (const auto state : smtp_states) {
            if (rest.starts_with(state) && (rest.size() == state.size() || rest[state.size()] == ' ')) {
                return space;
            }
        }
    }
    return std::string_view::npos;
}

// Each title names a state, and what follows the first one comes from the client.
Title parse_submission(std::string_view inner) {
    const std::size_t state = find_smtp_state(inner);
    const auto subject = inner.substr(0, state);
    const auto tail = state == std::string_view::npos ? std::string_view{} : inner.substr(state + 1);
    if (const auto title = parse_bare(ProcessRole::submission, subject, tail)) {
        return *title;
    }
    return parse_lone_user(ProcessRole::submission, subject, tail);
}

Title delivery_to(std::string_view user, const std::optional<Address>& client) {
    if (user.empty() || user == "proxying") {
        return of_kind(Kind::delivery_phase);
    }
    Title title = of_kind(Kind::delivery);
    title.user = user;
    title.address = client;
    return title;
}

// 2.2: [DATA ip user], on a unix socket [DATA user]; a word of its own ends the transaction.
Title parse_old_delivery(std::string_view rest) {
    if (rest == "finished" || rest.starts_with("finished ")) {
        return of_kind(Kind::delivery_phase);
    }
    const std::size_t space = rest.find(' ');
    if (const auto client = Address::parse(rest.substr(0, space))) {
        return delivery_to(space == std::string_view::npos ? "" : rest.substr(space + 1), client);
    }
    return delivery_to(rest, std::nullopt);
}

// Only the first words count: behind MAIL FROM and RCPT TO stands what the client likes.
Title parse_lmtp(std::string_view inner) {
    constexpr std::string_view data = "DATA ";
    if (inner.starts_with(data)) {
        return parse_old_delivery(inner.substr(data.size()));
    }
    const std::size_t space = inner.find(' ');
    const auto peer = inner.substr(0, space);
    const auto client = Address::parse(peer);
    if (space != std::string_view::npos && (client || peer == "local") &&
        inner.substr(space + 1).starts_with(data)) {
        return delivery_to(inner.substr(space + 1 + data.size()), client);
    }
    return of_kind(inner.empty() ? Kind::unknown : Kind::delivery_phase);
}

Title parse_by_role(ProcessRole role, std::string_view inner) {
    switch (role) {
    case ProcessRole::imap:
    case ProcessRole::managesieve:
        return parse_with_commands(role, inner);
    case ProcessRole::pop3:
        return parse_pop3(inner);
    case ProcessRole::submission:
        return parse_submission(inner);
    case ProcessRole::lmtp:
        return parse_lmtp(inner);
    case ProcessRole::lda:
    case ProcessRole::imap_hibernate:
        break;
    }
    return {};
}

bool has_users(ProcessRole role) {
    return role == ProcessRole::imap || role == ProcessRole::pop3 || role == ProcessRole::submission ||
           role == ProcessRole::managesieve;
}

Title parse_inner(ProcessRole role, std::string_view inner, const std::optional<TitleContext>& running) {
    if (const auto title = parse_own_words(inner)) {
        return *title;
    }
    if (running && has_users(role)) {
        if (const auto title = parse_in_context(role, inner, *running)) {
            return *title;
        }
    }
    return parse_by_role(role, inner);
}

} // namespace

Title parse_title(ProcessRole role, std::string_view text, const std::optional<TitleContext>& running) {
    const bool log_blocked = text.ends_with(blocked_remark) || text == blocked_alone;
    if (log_blocked) {
        text.remove_suffix(std::min(text.size(), blocked_remark.size()));
    }
    Title title;
    if (text.empty()) {
        title = of_kind(Kind::empty);
    } else if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
        title = parse_inner(role, text.substr(1, text.size() - 2), running);
    }
    title.log_blocked = log_blocked;
    return title;
}

} // namespace dovewatch
