#include "exporters/terminal/commands.h"
#include "exporters/terminal/daemon_notice.h"
#include "exporters/terminal/records.h"
#include "exporters/terminal/text.h"
#include "exporters/terminal/user_mailbox.h"
#include "exporters/terminal/user_page.h"

#include <ostream>
#include <string>

namespace dovewatch::terminal {
namespace {

namespace po = boost::program_options;

constexpr int exit_never_seen = 1;

void add_options(po::options_description& /*options*/) {}

void put_recent(RowSink& sink, const UserHistory& history) {
    bool wanted = true;
    sink.begin(activity_fields);
    for (const Session& session : history.recent) {
        wanted = wanted && sink.row(record(session));
    }
    sink.end();
}

void put(const Context& context, const UserHistory& history) {
    const bool for_person = context.sink.audience() == Audience::person;
    if (!for_person && !context.sink.nests()) {
        return put_recent(context.sink, history);
    }
    const auto mailbox = history.was_seen() ? mailbox_of(history.user, context.settings)
                                            : table::MailboxSize{{}, {}, "the user was never seen"};
    if (for_person) {
        put_user_page(context, history, mailbox);
    } else {
        put_user_record(context.sink, history, mailbox);
    }
}

void say_never_seen(std::ostream& notices, const std::string& user) {
    notices << visible(user) << " was never seen\n";
}

Result<int> show_user(const Context& context, const std::string& user) {
    if (auto warned = warn_unless_running(context); !warned) {
        return tl::make_unexpected(warned.error());
    }
    const auto history = read_user(context.reader, user, context.clock.now);
    if (!history) {
        return tl::make_unexpected(history.error());
    }
    if (!history->was_seen()) {
        say_never_seen(context.notices, user);
    }
    if (history->was_seen() || context.sink.audience() == Audience::program) {
        put(context, *history);
    }
    return history->was_seen() ? 0 : exit_never_seen;
}

Result<Job> prepare(const po::variables_map& values, const Clock& /*clock*/) {
    if (values.count("user") == 0) {
        return usage_error("the user's name is missing");
    }
    return [user = values["user"].as<std::string>()](const Context& context) {
        return show_user(context, user);
    };
}

} // namespace

constexpr Command user_command{
    "user",
    "NAME",
    "user",
    "one user on one page: online, last logins, recent sessions, mailbox, what deletes mail",
    "NAME is the user as Dovecot shows it. The size of the mailbox is counted for 2 s at most, where the\n"
    "configuration file has mail-location (and mail-home, mail-subfolders). What deleted mail is summed up\n"
    "over the last 90 days. JSON is one object; CSV has the 10 newest sessions, as those of `last`.\n"
    "Exit status: 0, or 1 for a user that was never seen, and on errors.\n",
    add_options,
    prepare};

} // namespace dovewatch::terminal
