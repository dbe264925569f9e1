#include "exporters/terminal/user_page.h"

#include "exporters/terminal/human.h"
#include "exporters/terminal/records.h"
#include "exporters/terminal/session_text.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>

namespace dovewatch::terminal {
namespace {

constexpr std::array fact_columns{Column{"", 12}, Column{}};
constexpr std::array online_columns{Column{"online now", 14}, Column{"since", 26}, Column{"ip", 15},
                                    Column{"duration", 8, true}, Column{}};
constexpr std::array last_columns{Column{"last login", 14}, Column{"time", 26}, Column{"ip", 15},
                                  Column{"count", 8, true}};
constexpr std::array recent_columns{
    Column{"recent session", 14}, Column{"time", 26},       Column{"ip", 15},
    Column{"duration", 8, true},  Column{"read", 6, true},  Column{"deleted", 7, true},
    Column{"left", 6, true},      Column{"bytes", 9, true}, Column{"reason"}};
constexpr std::array deletion_columns{Column{"deletes mail", 14}, Column{"newest", 26}, Column{"ip", 15},
                                      Column{"messages", 8, true}, Column{"sessions", 8, true}};

std::string online_text(const UserHistory& history) {
    const std::size_t sessions = history.online.size();
    return sessions == 0 ? "no" : fmt::format("{} session{}", sessions, sessions == 1 ? "" : "s");
}

std::string mailbox_text(const table::MailboxSize& mailbox) {
    if (!mailbox.bytes) {
        return "unknown: " + mailbox.cause;
    }
    const std::string bytes = human_bytes(static_cast<std::uint64_t>(*mailbox.bytes));
    return mailbox.files ? fmt::format("{} messages, {}", *mailbox.files, bytes)
                         : fmt::format("{} ({})", bytes, mailbox.cause);
}

std::string deletions_text(const UserHistory& history) {
    if (history.deletions.empty()) {
        return fmt::format("nothing known of the last {} days", UserHistory::deletions_since.count());
    }
    std::int64_t pop3 = 0;
    std::int64_t imap = 0;
    for (const Deletions& each : history.deletions) {
        (each.service == Service::pop3 ? pop3 : imap) += each.deleted;
    }
    return fmt::format("in the last {} days pop3 {} messages, imap {}, from {} addresses",
                       UserHistory::deletions_since.count(), pop3, imap, history.deletions.size());
}

// The rest of a page that nobody takes any more is given up: each says whether to go on.
bool put_fact(RowSink& sink, std::string_view name, std::string_view text) {
    return sink.row(std::array{Cell{name}, Cell{text}});
}

bool put_facts(RowSink& sink, const UserHistory& history, const table::MailboxSize& mailbox) {
    sink.begin(fact_columns);
    const bool wanted = put_fact(sink, "user", history.user) &&
                        put_fact(sink, "online", online_text(history)) &&
                        put_fact(sink, "mailbox", mailbox_text(mailbox)) &&
                        put_fact(sink, "deletes mail", deletions_text(history));
    sink.end();
    return wanted;
}

template <typename Row, typename Put>
bool put_all(RowSink& sink, std::span<const Column> columns, const std::vector<Row>& rows, const Put& put) {
    bool wanted = true;
    sink.begin(columns);
    for (const Row& row : rows) {
        wanted = wanted && put(row);
    }
    sink.end();
    return wanted;
}

bool put_online(const Context& context, const UserHistory& history) {
    fmt::memory_buffer service;
    fmt::memory_buffer notes;
    return put_all(context.sink, online_columns, history.online, [&](const Session& session) {
        const Tone tone = dim_if(session.login_estimated);
        return context.sink.row(std::array{
            Cell{service_text(service, session.service, session.service_class)}, Cell{session.login, tone},
            Cell{value_or_none(session.address)}, Cell{context.clock.now - session.login, tone},
            Cell{session_notes(notes, session), Tone::dim}});
    });
}

bool put_last_logins(RowSink& sink, const UserHistory& history) {
    return put_all(sink, last_columns, history.last_logins, [&](const LastLogin& last) {
        return sink.row(std::array{Cell{last.service_class}, Cell{last.at}, Cell{value_or_none(last.address)},
                                   Cell{last.count}});
    });
}

bool put_recent(const Context& context, const UserHistory& history) {
    fmt::memory_buffer service;
    fmt::memory_buffer reason;
    return put_all(context.sink, recent_columns, history.recent, [&](const Session& session) {
        const Statistics& numbers = session.numbers;
        return context.sink.row(std::array{
            Cell{service_text(service, session.service, session.service_class)},
            Cell{session.login, dim_if(session.login_estimated)}, Cell{value_or_none(session.address)},
            Cell{session.logout.value_or(context.clock.now) - session.login},
            Cell{value_or_none(numbers.retrieved)}, Cell{value_or_none(numbers.deleted)},
            Cell{value_or_none(numbers.left)}, Cell{value_or_none(numbers.bytes)},
            Cell{session.logout ? short_reason(reason, session.reason) : "still online"}});
    });
}

// One page: of a user with many addresses the first ones.
bool put_deletions(RowSink& sink, const UserHistory& history) {
    constexpr std::ptrdiff_t most = 10;
    const auto& all = history.deletions;
    const std::vector<Deletions> first(all.begin(), all.begin() + std::min(std::ssize(all), most));
    return put_all(sink, deletion_columns, first, [&](const Deletions& each) {
        return sink.row(std::array{Cell{to_string(each.service)}, Cell{each.last},
                                   Cell{value_or_none(each.address)}, Cell{each.deleted},
                                   Cell{each.sessions}});
    });
}

constexpr std::array deletion_fields{Column{"service"}, Column{"address"}, Column{"deleted"},
                                     Column{"sessions"}, Column{"last"}};
constexpr std::array user_fields{Column{"user"},          Column{"seen"},
                                 Column{"online"},        Column{"last_logins"},
                                 Column{"recent"},        Column{"mailbox_messages"},
                                 Column{"mailbox_bytes"}, Column{"mailbox_unknown"},
                                 Column{"deletions"}};

std::array<Cell, deletion_fields.size()> record(const Deletions& each) {
    return {Cell{to_string(each.service)}, Cell{value_or_none(each.address)}, Cell{each.deleted},
            Cell{each.sessions}, Cell{each.last}};
}

template <typename Row, typename ToRecord>
RowList list_of(std::span<const Column> fields, const std::vector<Row>& rows, const ToRecord& to_record) {
    RowList list{fields, {}};
    for (const Row& row : rows) {
        const auto cells = to_record(row);
        list.rows.emplace_back(cells.begin(), cells.end());
    }
    return list;
}

} // namespace

void put_user_page(const Context& context, const UserHistory& history, const table::MailboxSize& mailbox) {
    static_cast<void>(put_facts(context.sink, history, mailbox) && put_online(context, history) &&
                      put_last_logins(context.sink, history) && put_recent(context, history) &&
                      put_deletions(context.sink, history));
}

void put_user_record(RowSink& sink, const UserHistory& history, const table::MailboxSize& mailbox) {
    const RowList online = list_of(online_fields, history.online, online_record);
    const RowList last_logins = list_of(last_login_fields, history.last_logins,
                                        [](const LastLogin& last) { return terminal::record(last); });
    const RowList recent = list_of(activity_fields, history.recent,
                                   [](const Session& session) { return terminal::record(session); });
    const RowList deletions =
        list_of(deletion_fields, history.deletions, [](const Deletions& each) { return record(each); });
    sink.begin_one(user_fields);
    static_cast<void>(sink.row(
        std::array{Cell{history.user}, Cell{history.was_seen()}, Cell{&online}, Cell{&last_logins},
                   Cell{&recent}, Cell{value_or_none(mailbox.files)}, Cell{value_or_none(mailbox.bytes)},
                   Cell{mailbox.cause.empty() ? Value{} : Value{mailbox.cause}}, Cell{&deletions}}));
    sink.end();
}

} // namespace dovewatch::terminal
