// "My mailbox is empty": users whose POP3 client removes what their IMAP client shows.
#include "exporters/terminal/commands.h"
#include "exporters/terminal/daemon_notice.h"
#include "exporters/terminal/records.h"
#include "exporters/terminal/time_option.h"

#include <algorithm>
#include <array>
#include <ostream>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace dovewatch::terminal {
namespace {

namespace po = boost::program_options;

struct ImapLogin {
    UtcTime at{};
    std::optional<Address> address;
};

struct Deleter {
    std::int64_t deleted = 0;  // messages
    std::int64_t sessions = 0; // that deleted
    UtcTime last{};
    std::vector<Address> addresses; // of these sessions, the newest first
    std::optional<ImapLogin> imap;  // the newest
};

// What the history tells, newest first.
struct Findings {
    std::unordered_map<std::string, Deleter> deleters;       // by user
    std::set<std::string, std::less<>> imap_classes{"imap"}; // the service classes that belong to imap
};

void add_deletion(Deleter& deleter, const Session& session) {
    deleter.deleted += *session.numbers.deleted;
    ++deleter.sessions;
    deleter.last = std::max(deleter.last, session.logout.value_or(session.login));
    auto& known = deleter.addresses;
    if (session.address && std::find(known.begin(), known.end(), *session.address) == known.end()) {
        known.push_back(*session.address);
    }
}

void add(Findings& findings, const Session& session) {
    if (session.service == Service::imap && findings.imap_classes.count(session.service_class) == 0) {
        findings.imap_classes.insert(session.service_class);
    }
    if (session.service == Service::pop3 && session.numbers.deleted.value_or(0) > 0) {
        add_deletion(findings.deleters[session.user], session);
    }
}

void add_imap(Findings& findings, const std::string& user, const ImapLogin& login) {
    const auto found = findings.deleters.find(user);
    if (found != findings.deleters.end() && (!found->second.imap || found->second.imap->at < login.at)) {
        found->second.imap = login;
    }
}

Result<void> find_deletions(const Reader& reader, UtcTime since, Findings& findings) {
    return reader.activity({{}, since, {}}, [&](const Activity& row) {
        if (const auto* session = std::get_if<Session>(&row)) {
            add(findings, *session);
        }
        return true;
    });
}

Result<void> find_imap_logins(const Reader& reader, UtcTime since, Findings& findings) {
    return reader.last_logins({}, [&](const LastLogin& last) {
        if (last.at >= since && findings.imap_classes.count(last.service_class) != 0) {
            add_imap(findings, last.user, {last.at, last.address});
        }
        return true;
    });
}

// A session that goes on may have begun before the time.
Result<void> find_imap_online(const Reader& reader, Findings& findings) {
    return reader.online({{}, Service::imap, {}}, [&](const Session& session) {
        add_imap(findings, session.user, {session.login, session.address});
        return true;
    });
}

Result<Findings> find(const Reader& reader, UtcTime since) {
    Findings findings;
    return find_deletions(reader, since, findings)
        .and_then([&] { return find_imap_logins(reader, since, findings); })
        .and_then([&] { return find_imap_online(reader, findings); })
        .map([&] { return std::move(findings); });
}

using Entry = std::pair<const std::string, Deleter>;

// Those who use IMAP too, the one who deletes most first.
std::vector<const Entry*> sorted(const Findings& findings) {
    std::vector<const Entry*> entries;
    for (const Entry& entry : findings.deleters) {
        if (entry.second.imap) {
            entries.push_back(&entry);
        }
    }
    std::sort(entries.begin(), entries.end(), [](const Entry* left, const Entry* right) {
        return left->second.deleted != right->second.deleted ? left->second.deleted > right->second.deleted
                                                             : left->first < right->first;
    });
    return entries;
}

constexpr std::array columns{Column{"user", 24},
                             Column{"deleted", 7, true},
                             Column{"sessions", 8, true},
                             Column{"last deletion", 26},
                             Column{"pop3 ips", 31},
                             Column{"last imap", 26},
                             Column{"imap ip"}};
constexpr std::array fields{Column{"user"},          Column{"deleted"},        Column{"sessions"},
                            Column{"last_deletion"}, Column{"pop3_addresses"}, Column{"imap_login"},
                            Column{"imap_address"}};

bool put(RowSink& sink, const Entry& entry) {
    const Deleter& deleter = entry.second;
    return sink.row(std::array{Cell{entry.first}, Cell{deleter.deleted}, Cell{deleter.sessions},
                               Cell{deleter.last}, Cell{&deleter.addresses}, Cell{deleter.imap->at},
                               Cell{value_or_none(deleter.imap->address)}});
}

void put_all(RowSink& sink, const Findings& findings) {
    sink.begin(sink.audience() == Audience::person ? std::span<const Column>(columns) : fields);
    bool wanted = true;
    for (const Entry* entry : sorted(findings)) {
        wanted = wanted && put(sink, *entry);
    }
    sink.end();
}

Result<int> pop3_deleters(const Context& context, UtcTime since) {
    if (auto warned = warn_unless_running(context); !warned) {
        return tl::make_unexpected(warned.error());
    }
    const auto findings = find(context.reader, since);
    if (!findings) {
        return tl::make_unexpected(findings.error());
    }
    put_all(context.sink, *findings);
    if (context.sink.empty() && context.sink.audience() == Audience::person) {
        context.notices << "no user's POP3 sessions deleted mail while they also used IMAP since then\n";
    }
    return 0;
}

void add_options(po::options_description& options) {
    options.add_options()("since", po::value<std::string>()->value_name("T")->default_value("30d"),
                          "what happened at or after T: a date, a date and time, or a time ago, as for last");
}

Result<Job> prepare(const po::variables_map& values, const Clock& clock) {
    const auto since = parse_time("--since", values["since"].as<std::string>(), clock.now, clock.zone);
    if (!since) {
        return tl::make_unexpected(since.error());
    }
    return [since = *since](const Context& context) { return pop3_deleters(context, since); };
}

} // namespace

constexpr Command pop3_deleters_command{"pop3-deleters",
                                        "",
                                        "",
                                        "users whose POP3 sessions delete mail while they also use IMAP",
                                        "Their IMAP client shows an empty mailbox. The one who deletes most "
                                        "comes first. What a session deleted is\n"
                                        "known where Dovecot's logout line has its default statistics.\n",
                                        add_options,
                                        prepare};

} // namespace dovewatch::terminal
