#include "monitor/title.h"

#include <random>
#include <vector>

#include <catch2/catch.hpp>

namespace dovewatch {
namespace {

using Kind = Title::Kind;
using Role = ProcessRole;

struct Case {
    Role role;
    std::string_view text;
    Kind kind;
    std::string_view user = {};
    std::string_view address = {};
    std::uint32_t connections = 0;
};

void check(const Case& one, const std::optional<TitleContext>& running = std::nullopt) {
    INFO(one.text);
    const Title title = parse_title(one.role, one.text, running);
    CHECK(static_cast<int>(title.kind) == static_cast<int>(one.kind));
    CHECK(title.user == one.user);
    CHECK(title.address == Address::parse(one.address));
    CHECK(title.connections == one.connections);
}

// What Dovecot 2.0 to 2.4.4 write, where nobody means ill.
const std::vector<Case> plain_titles = {
    {Role::imap, "[idling]", Kind::idling},
    {Role::imap, "[alice 1.2.3.4]", Kind::user, "alice", "1.2.3.4"},
    {Role::imap, "[alice 2001:db8::7]", Kind::user, "alice", "2001:db8::7"},
    {Role::imap, "[alice ::1 IDLE]", Kind::user, "alice", "::1"},
    {Role::imap, "[alice ::ffff:1.2.3.4]", Kind::user, "alice", "::ffff:1.2.3.4"},
    {Role::imap, "[alice]", Kind::user, "alice"},
    {Role::imap, "[alice 1.2.3.4 IDLE]", Kind::user, "alice", "1.2.3.4"},
    {Role::imap, "[alice 1.2.3.4 logout]", Kind::user, "alice", "1.2.3.4"},
    {Role::imap, "[alice 1.2.3.4 UID FETCH NOOP]", Kind::user, "alice", "1.2.3.4"},
    {Role::imap, "[alice 1.2.3.4 UID FETCH - 5120 bytes waiting]", Kind::user, "alice", "1.2.3.4"},
    {Role::imap, "[alice 1.2.3.4 UID FETCH - 5120 bytes waiting corked]", Kind::user, "alice", "1.2.3.4"},
    {Role::imap, "[alice UID FETCH - 5120 bytes waiting corked]", Kind::user, "alice"},
    {Role::imap, "[alice SELECT]", Kind::user, "alice"},
    {Role::imap, "[alice 1.2.3.4 (deinit)]", Kind::deinit, "alice", "1.2.3.4"},
    {Role::imap, "[alice 1.2.3.4 FETCH (deinit)]", Kind::deinit, "alice", "1.2.3.4"},
    {Role::imap, "[alice (deinit)]", Kind::deinit, "alice"},
    {Role::imap, "[alice FETCH (deinit)]", Kind::deinit, "alice"},
    {Role::imap, "[3 connections]", Kind::connections, "", "", 3},
    {Role::imap, "", Kind::empty},
    {Role::imap, "[initializing]", Kind::stage},
    {Role::imap, "[waiting on client]", Kind::stage},
    {Role::imap, "[auth lookup]", Kind::stage},
    {Role::imap, "[post-login script]", Kind::stage},
    {Role::imap, "[waiting on unhibernate client]", Kind::unhibernating},
    {Role::imap, "[unhibernating]", Kind::unhibernating},
    {Role::imap, "[unhibernating 4 clients]", Kind::unhibernating},
    {Role::imap, "[alice 1.2.3.4] - [blocking on log write]", Kind::user, "alice", "1.2.3.4"},
    {Role::imap, "[alice 1.2.3.4 (deinit)] - [blocking on log write]", Kind::deinit, "alice", "1.2.3.4"},
    {Role::imap, " - [blocking on log write]", Kind::empty},
    {Role::imap, "[blocking on log write]", Kind::empty},
    {Role::pop3, "[idling]", Kind::idling},
    {Role::pop3, "[sue@example.org 192.0.2.7]", Kind::user, "sue@example.org", "192.0.2.7"},
    {Role::pop3, "[sue@example.org 192.0.2.7 (deinit)]", Kind::deinit, "sue@example.org", "192.0.2.7"},
    {Role::pop3, "[sue]", Kind::user, "sue"},
    {Role::pop3, "[sue (deinit)]", Kind::deinit, "sue"},
    {Role::pop3, "[12 connections]", Kind::connections, "", "", 12},
    {Role::pop3, "[waiting on client]", Kind::stage},
    {Role::lmtp, "[idling]", Kind::idling},
    {Role::lmtp, "[1.2.3.4 GREETING]", Kind::delivery_phase},
    {Role::lmtp, "[::1 READY]", Kind::delivery_phase},
    {Role::lmtp, "[local MAIL FROM s@x]", Kind::delivery_phase},
    {Role::lmtp, "[1.2.3.4 RCPT TO Raw+x@addr]", Kind::delivery_phase},
    {Role::lmtp, "[1.2.3.4 DATA]", Kind::delivery_phase},
    {Role::lmtp, "[1.2.3.4 DATA lm4]", Kind::delivery, "lm4", "1.2.3.4"},
    {Role::lmtp, "[::1 DATA lm4@example.org]", Kind::delivery, "lm4@example.org", "::1"},
    {Role::lmtp, "[local DATA lm4]", Kind::delivery, "lm4"},
    {Role::lmtp, "[1.2.3.4 DATA proxying]", Kind::delivery_phase},
    {Role::lmtp, "[local DATA proxying]", Kind::delivery_phase},
    {Role::lmtp, "[DATA 1.2.3.4 lm4]", Kind::delivery, "lm4", "1.2.3.4"}, // 2.2
    {Role::lmtp, "[DATA lm4]", Kind::delivery, "lm4"},
    {Role::lmtp, "[DATA 1.2.3.4]", Kind::delivery_phase},
    {Role::lmtp, "[DATA]", Kind::delivery_phase},
    {Role::lmtp, "[DATA finished 1.2.3.4]", Kind::delivery_phase},
    {Role::lmtp, "[DATA finished]", Kind::delivery_phase},
    {Role::lmtp, "[DATA 1.2.3.4 proxying]", Kind::delivery_phase},
    {Role::lmtp, "[banner 1.2.3.4]", Kind::delivery_phase},
    {Role::lmtp, "[RCPT TO 1.2.3.4 lm4]", Kind::delivery_phase},
    {Role::lmtp, "[2 clients]", Kind::delivery_phase},
    {Role::submission, "[idling]", Kind::idling},
    {Role::submission, "[sub 1.2.3.4 GREETING]", Kind::user, "sub", "1.2.3.4"},
    {Role::submission, "[sub 1.2.3.4 READY]", Kind::user, "sub", "1.2.3.4"},
    {Role::submission, "[sub 1.2.3.4 MAIL FROM s@x]", Kind::user, "sub", "1.2.3.4"},
    {Role::submission, "[sub 1.2.3.4 RCPT TO b+c@ex.com]", Kind::user, "sub", "1.2.3.4"},
    {Role::submission, "[sub 1.2.3.4 DATA]", Kind::user, "sub", "1.2.3.4"},
    {Role::submission, "[sub READY]", Kind::user, "sub"},
    {Role::submission, "[2 connections]", Kind::connections, "", "", 2},
    {Role::managesieve, "[idling]", Kind::idling},
    {Role::managesieve, "[sv 1.2.3.4]", Kind::user, "sv", "1.2.3.4"},
    {Role::managesieve, "[sv 1.2.3.4 PUTSCRIPT]", Kind::user, "sv", "1.2.3.4"},
    {Role::managesieve, "[sv PUTSCRIPT]", Kind::user, "sv"},
    {Role::imap_hibernate, "[0 connections]", Kind::connections},
    {Role::imap_hibernate, "[4000000000 connections]", Kind::connections, "", "", 4000000000},
    {Role::imap_hibernate, "[initializing]", Kind::stage},
};

// User names from where auth_username_chars is empty, and texts that clients put together.
const std::vector<Case> hostile_titles = {
    {Role::imap, "[probe one 127.0.0.1]", Kind::user, "probe one", "127.0.0.1"},
    {Role::imap, "[a  b 127.0.0.1]", Kind::user, "a  b", "127.0.0.1"},
    {Role::imap, "[a/b]c 127.0.0.1]", Kind::user, "a/b]c", "127.0.0.1"},
    {Role::imap, "[] 127.0.0.1]", Kind::user, "]", "127.0.0.1"},
    {Role::imap, "[[ 127.0.0.1]", Kind::user, "[", "127.0.0.1"},
    {Role::imap, "[user [10.0.0.9 127.0.0.14]", Kind::user, "user [10.0.0.9", "127.0.0.14"},
    {Role::imap, "[user 10.0.0.9 idle 127.0.0.18]", Kind::user, "user 10.0.0.9 idle", "127.0.0.18"},
    {Role::imap, "[x (deinit) 127.0.0.19]", Kind::user, "x (deinit)", "127.0.0.19"},
    {Role::imap, "[x (deinit) 127.0.0.19 (deinit)]", Kind::deinit, "x (deinit)", "127.0.0.19"},
    {Role::imap, "[idling 127.0.0.16]", Kind::user, "idling", "127.0.0.16"},
    {Role::imap, "[5 connections 127.0.0.17]", Kind::user, "5 connections", "127.0.0.17"},
    {Role::imap, "[5 connections 127.0.0.17 SELECT]", Kind::user, "5 connections", "127.0.0.17"},
    {Role::imap, "[1.2.3.4 5.6.7.8]", Kind::user, "1.2.3.4", "5.6.7.8"},
    {Role::imap, "[l\xe9 127.0.0.30]", Kind::user, "l\xe9", "127.0.0.30"},
    {Role::imap, "[tab\tbed 127.0.0.28]", Kind::user, "tab\tbed", "127.0.0.28"},
    // Joined in mid-session: with the default auth_username_chars this is alice, with a command 5.6.7.8.
    {Role::imap, "[alice 1.2.3.4 5.6.7.8 NOOP]", Kind::user, "alice", "1.2.3.4"},
    {Role::imap, "[alice 1.2.3.4 x 5.6.7.8 (deinit)]", Kind::deinit, "alice", "1.2.3.4"},
    // The bare form comes first, as at a login.
    {Role::imap, "[alice 1.2.3.4 5.6.7.8]", Kind::user, "alice 1.2.3.4", "5.6.7.8"},
    // No address, and nothing that Dovecot knows: who is that?
    {Role::imap, "[probe one]", Kind::unknown},
    {Role::imap, "[alice select]", Kind::unknown},
    {Role::imap, "[alice X-OWN]", Kind::unknown},
    {Role::imap, "[probe one (deinit)]", Kind::unknown},
    {Role::imap, "[(deinit)]", Kind::unknown},
    {Role::imap, "[1.2.3.4]", Kind::unknown},
    {Role::imap, "[1.2.3.4 pre-login]", Kind::unknown},
    {Role::imap, "[1.2.3.4 SELECT]", Kind::unknown},
    {Role::imap, "[a new stage]", Kind::unknown},
    {Role::imap, "[ 1.2.3.4]", Kind::unknown},
    {Role::imap, "[alice ]", Kind::unknown},
    {Role::imap, "[-1 connections]", Kind::unknown},
    {Role::imap, "[5000000000 connections]", Kind::unknown},
    {Role::imap, "[]", Kind::unknown},
    {Role::imap, "[ ]", Kind::unknown},
    {Role::imap, "]", Kind::unknown},
    {Role::imap, "alice 1.2.3.4", Kind::unknown},
    // Torn, as read from /proc.
    {Role::imap, "[u 1.2.3.4]CAPABILITY]", Kind::unknown},
    {Role::imap, "[u 1.2.3.4 X-A-VERY-LONG-", Kind::unknown},
    {Role::imap, "[u 1.2.3.4] - [blocking on log wri", Kind::unknown},
    // POP3 has one tail only, so the last address is the client's.
    {Role::pop3, "[user 10.0.0.9 idle 127.0.0.18 (deinit)]", Kind::deinit, "user 10.0.0.9 idle",
     "127.0.0.18"},
    {Role::pop3, "[x (deinit) 127.0.0.19 (deinit)]", Kind::deinit, "x (deinit)", "127.0.0.19"},
    {Role::pop3, "[a 1.2.3.4 LIST]", Kind::unknown},
    {Role::pop3, "[probe one]", Kind::unknown},
    {Role::pop3, "[alice NOOP]", Kind::unknown},
    // The sender's and the recipient's addresses are the client's words.
    {Role::lmtp, "[1.2.3.4 MAIL FROM a DATA x]", Kind::delivery_phase},
    {Role::lmtp, "[1.2.3.4 RCPT TO 9.9.9.9 DATA x]", Kind::delivery_phase},
    {Role::lmtp, "[local RCPT TO \"1.2.3.4 DATA x\"@y]", Kind::delivery_phase},
    {Role::lmtp, "[RCPT TO 1.2.3.4 DATA x]", Kind::delivery_phase},
    {Role::lmtp, "[1.2.3.4 DATA two words]", Kind::delivery, "two words", "1.2.3.4"},
    {Role::lmtp, "[nowhere DATA x]", Kind::delivery_phase},
    {Role::submission, "[sub 1.1.1.1 RCPT TO x 9.9.9.9]", Kind::user, "sub", "1.1.1.1"},
    {Role::submission, "[sub 1.1.1.1 RCPT TO x 9.9.9.9 READY]", Kind::user, "sub", "1.1.1.1"},
    {Role::submission, "[sub 1.1.1.1 MAIL FROM (deinit)]", Kind::user, "sub", "1.1.1.1"},
    {Role::submission, "[sub RCPT TO x 9.9.9.9 READY]", Kind::user, "sub"},
    {Role::submission, "[READY 1.1.1.1 READY]", Kind::user, "READY", "1.1.1.1"},
    {Role::submission, "[two words 1.1.1.1 DATA]", Kind::user, "two words", "1.1.1.1"},
    {Role::submission, "[probe one]", Kind::unknown},
    {Role::managesieve, "[sv 1.2.3.4 (deinit)]", Kind::user, "sv", "1.2.3.4"},
    {Role::imap_hibernate, "[alice 1.2.3.4]", Kind::unknown},
    {Role::lda, "[alice 1.2.3.4]", Kind::unknown},
};

TEST_CASE("titles as Dovecot writes them") {
    for (const Case& one : plain_titles) {
        check(one);
    }
}

TEST_CASE("titles with odd users and hostile clients") {
    for (const Case& one : hostile_titles) {
        check(one);
    }
}

TEST_CASE("a running session settles what text alone leaves open") {
    const auto address = Address::parse("1.2.3.4");
    const TitleContext alice{"alice", address};
    check({Role::imap, "[alice 1.2.3.4 5.6.7.8]", Kind::user, "alice", "1.2.3.4"}, alice);
    check({Role::imap, "[alice 1.2.3.4 x 5.6.7.8]", Kind::user, "alice", "1.2.3.4"}, alice);
    check({Role::imap, "[alice 1.2.3.4]CAPABILITY]", Kind::user, "alice", "1.2.3.4"}, alice);
    check({Role::imap, "[alice 1.2.3.4 (deinit)]", Kind::deinit, "alice", "1.2.3.4"}, alice);
    check({Role::imap, "[idling]", Kind::idling}, alice);
    check({Role::imap, "[3 connections]", Kind::connections, "", "", 3}, alice);

    const TitleContext spaced{"user 10.0.0.9 idle", address};
    check({Role::imap, "[user 10.0.0.9 idle 1.2.3.4 SELECT]", Kind::user, "user 10.0.0.9 idle", "1.2.3.4"},
          spaced);
    check(
        {Role::imap, "[user 10.0.0.9 idle 1.2.3.4 (deinit)]", Kind::deinit, "user 10.0.0.9 idle", "1.2.3.4"},
        spaced);

    const TitleContext without_address{"probe one", std::nullopt};
    check({Role::imap, "[probe one]", Kind::user, "probe one"}, without_address);
    check({Role::imap, "[probe one X-OWN]", Kind::user, "probe one"}, without_address);
    // A client cannot give itself an address by a command of that name.
    check({Role::imap, "[probe one 6.6.6.6]", Kind::user, "probe one"}, without_address);
    // POP3 shows no commands.
    check({Role::pop3, "[probe one 6.6.6.6]", Kind::user, "probe one", "6.6.6.6"}, without_address);

    const TitleContext idling{"idling", std::nullopt};
    check({Role::imap, "[idling]", Kind::idling}, idling);
    check({Role::imap, "[idling SELECT]", Kind::user, "idling"}, idling);
}

TEST_CASE("another user's title is not the running session's") {
    const TitleContext alice{"alice", Address::parse("1.2.3.4")};
    check({Role::imap, "[alicette 1.2.3.4]", Kind::user, "alicette", "1.2.3.4"}, alice);
    check({Role::imap, "[alice 1.2.3.45]", Kind::user, "alice", "1.2.3.45"}, alice);
    check({Role::imap, "[alice 5.6.7.8 NOOP]", Kind::user, "alice", "5.6.7.8"}, alice);
    check({Role::imap, "[bob 1.2.3.4]", Kind::user, "bob", "1.2.3.4"}, alice);
    check({Role::imap, "[bob 1.2.3.4]", Kind::user, "bob", "1.2.3.4"}, TitleContext{"", std::nullopt});
}

TEST_CASE("a title that waits for the log is marked, and only that") {
    CHECK(parse_title(Role::lmtp, "[1.2.3.4 DATA u] - [blocking on log write]").log_blocked);
    CHECK_FALSE(parse_title(Role::lmtp, "[1.2.3.4 DATA u]").log_blocked);
    CHECK_FALSE(parse_title(Role::imap, "[u - [blocking on log write 1.2.3.4]").log_blocked);
}

TEST_CASE("the bare form of a session is told from the form with a tail") {
    CHECK_FALSE(parse_title(Role::imap, "[u 1.2.3.4]").has_tail);
    CHECK(parse_title(Role::imap, "[u 1.2.3.4 NOOP]").has_tail);
    CHECK(parse_title(Role::pop3, "[u 1.2.3.4 (deinit)]").has_tail);
    const TitleContext running{"u", Address::parse("1.2.3.4")};
    CHECK_FALSE(parse_title(Role::imap, "[u 1.2.3.4]", running).has_tail);
    CHECK(parse_title(Role::imap, "[u 1.2.3.4 5.6.7.8]", running).has_tail);
}

TEST_CASE("a title of any length") {
    const std::string user(1000, 'n');
    const std::string text = "[" + user + " ::1]";
    check({Role::imap, text, Kind::user, user, "::1"});
    const std::string longer(100'000, ' ');
    check({Role::imap, "[" + longer + "]", Kind::unknown});
}

// A user with a ] can be cut right behind it: no text tells that from a whole title.
bool ends_like_a_title(std::string_view prefix) {
    return prefix.ends_with(']');
}

TEST_CASE("no prefix of a title names a user") {
    std::vector<Case> titles = plain_titles;
    titles.insert(titles.end(), hostile_titles.begin(), hostile_titles.end());
    for (const Case& one : titles) {
        for (std::size_t length = 1; length < one.text.size(); ++length) {
            const auto prefix = one.text.substr(0, length);
            if (!ends_like_a_title(prefix)) {
                check({one.role, prefix, Kind::unknown});
            }
        }
    }
}

TEST_CASE("random bytes do no harm") {
    std::mt19937 random(1);
    constexpr std::string_view likely = "[] ()0123456789.:abcdeinitDATA";
    for (int round = 0; round < 200'000; ++round) {
        std::string text(random() % 40, '\0');
        for (char& byte : text) {
            byte = random() % 8 != 0 ? likely[random() % likely.size()] : static_cast<char>(random());
        }
        if (random() % 4 != 0) {
            text.insert(0, 1, '[').push_back(']');
        }
        const Title title = parse_title(static_cast<Role>(random() % 7), text);
        const bool has_user =
            title.kind == Kind::user || title.kind == Kind::deinit || title.kind == Kind::delivery;
        REQUIRE(title.user.empty() != has_user);
        if (has_user) {
            REQUIRE(text.find(title.user) != std::string::npos);
        }
    }
}

} // namespace
} // namespace dovewatch
