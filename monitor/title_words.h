// The words that Dovecot itself puts into titles, and those of its commands that may stand in one.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace dovewatch {

// lib-smtp's smtp_server_state_names: submission shows one behind each user, lmtp one behind each peer.
inline constexpr std::array<std::string_view, 9> smtp_states = {
    "GREETING", "XCLIENT", "HELO", "STARTTLS", "AUTH", "READY", "MAIL FROM", "RCPT TO", "DATA"};

inline constexpr std::array<std::string_view, 49> imap_commands = {
    "APPEND",    "AUTHENTICATE", "CANCELUPDATE", "CAPABILITY",  "CHECK",       "CLOSE",        "COMPRESS",
    "COPY",      "CREATE",       "DELETE",       "DELETEACL",   "ENABLE",      "EXAMINE",      "EXPUNGE",
    "FETCH",     "GENURLAUTH",   "GETACL",       "GETMETADATA", "GETQUOTA",    "GETQUOTAROOT", "ID",
    "IDLE",      "LIST",         "LISTRIGHTS",   "LOGOUT",      "LSUB",        "MOVE",         "MYRIGHTS",
    "NAMESPACE", "NOOP",         "NOTIFY",       "RENAME",      "REPLACE",     "RESETKEY",     "SEARCH",
    "SELECT",    "SETACL",       "SETMETADATA",  "SETQUOTA",    "SORT",        "STATUS",       "STORE",
    "SUBSCRIBE", "THREAD",       "UID",          "UNSELECT",    "UNSUBSCRIBE", "URLFETCH",     "XLIST"};

inline constexpr std::array<std::string_view, 13> managesieve_commands = {
    "AUTHENTICATE", "CAPABILITY", "CHECKSCRIPT", "DELETESCRIPT", "GETSCRIPT", "HAVESPACE",     "LISTSCRIPTS",
    "LOGOUT",       "NOOP",       "PUTSCRIPT",   "RENAMESCRIPT", "SETACTIVE", "UNAUTHENTICATE"};

template <typename Words>
bool is_one_of(const Words& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

} // namespace dovewatch
