// Sessions that imap-hibernate holds.
#include "tests/monitor/event_script.h"

#include <catch2/catch.hpp>

namespace dovewatch {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr auto bare = "[u 1.2.3.4]";
constexpr auto deinit = "[u 1.2.3.4 (deinit)]";
constexpr std::int32_t hibernate = 50;

void count(EventScript& script, std::string_view title) {
    script.process(hibernate, ProcessRole::imap_hibernate).title(title);
}

// `users` log in, in processes 1, 2, ..., and are hibernated.
void hibernate_users(EventScript& script, const std::vector<std::string>& users) {
    script.process(hibernate, ProcessRole::imap_hibernate).exec().title("[0 connections]");
    std::int32_t pid = 0;
    for (const std::string& user : users) {
        const std::string shown = "[" + user + " 1.2.3.4";
        script.process(++pid).exec().title(shown + "]");
        count(script, "[" + std::to_string(pid) + " connections]");
        script.process(pid).titles({shown + " (deinit)]", shown + " (deinit)]", "[idling]"}).exit();
    }
    script.wait(minutes(1));
}

TEST_CASE("a hibernated session is online without a process") {
    EventScript script;
    hibernate_users(script, {"u"});
    CHECK_FALSE(script.session().logout);
    CHECK(script.session().hibernated);
    CHECK(script.session().process.pid == 1);
}

TEST_CASE("a rise of the count explains one (deinit), of its own master, just before") {
    EventScript script;
    hibernate_users(script, {});
    script.process(1).exec().title(bare);
    SECTION("only one") {
        script.process(2).exec().title("[v 1.2.3.4]");
        count(script, "[1 connections]");
        script.process(1).titles({deinit, deinit});
        script.process(2).title("[v 1.2.3.4 (deinit)]");
        CHECK(script.session(1).hibernated);
        CHECK(script.session(2).end == End::logout);
    }
    SECTION("none that is older than two seconds") {
        count(script, "[1 connections]");
        script.wait(seconds(2)).process(1).title(deinit);
        CHECK(script.session().end == End::logout);
    }
    SECTION("none of another Dovecot") {
        script.under(101).process(51, ProcessRole::imap_hibernate).exec().title("[1 connections]");
        script.under(100).process(1).title(deinit);
        CHECK(script.session().end == End::logout);
    }
    SECTION("none of a pop3 session") {
        script.process(3, ProcessRole::pop3).exec().title("[p 1.2.3.4]");
        count(script, "[1 connections]");
        script.process(3, ProcessRole::pop3).title("[p 1.2.3.4 (deinit)]");
        CHECK(script.session(2).end == End::logout);
    }
}

TEST_CASE("a logout line shows that the (deinit) was a logout, and whose session was hibernated") {
    EventScript script;
    hibernate_users(script, {});
    script.process(1).exec().title("[v 1.2.3.4]");
    script.process(2).exec().title(bare);
    count(script, "[1 connections]");
    script.process(1).title("[v 1.2.3.4 (deinit)]");
    script.process(2).title(deinit);
    script.process(1).logout_line().title("[idling]").exit();
    script.process(2).title("[idling]").exit();
    CHECK(script.session(1).end == End::logout);
    CHECK(script.session(2).hibernated);
    CHECK_FALSE(script.session(2).logout);
}

TEST_CASE("a client that fakes (deinit) is not hibernated") {
    EventScript script;
    hibernate_users(script, {});
    script.process(2).exec().title("[v 1.2.3.4]");
    script.process(1).exec().title(bare);
    count(script, "[1 connections]");
    script.process(1).titles({deinit, bare});
    CHECK_FALSE(script.session(2).hibernated);
    script.process(2).title("[v 1.2.3.4 (deinit)]");
    CHECK(script.session(1).hibernated);
}

TEST_CASE("a session returns to a process that waits for one") {
    EventScript script;
    hibernate_users(script, {"u"});
    script.process(9).exec().titles({"[waiting on unhibernate client]", "[unhibernating]", bare});
    CHECK(script.session().process.pid == 9);
    CHECK_FALSE(script.session().hibernated);
    count(script, "[0 connections]");
    script.process(9).titles({bare, deinit});
    CHECK(script.session().end == End::logout);
    CHECK_FALSE(script.session().login_estimated);
}

TEST_CASE("a user who returns without having been known is no login of now") {
    EventScript script;
    script.process(9).exec();
    const BootTime started = script.now;
    script.titles({"[waiting on unhibernate client]", "[unhibernating]", bare});
    CHECK(script.session().login_estimated);
    CHECK(boot_time(script.session().login) == started);
}

TEST_CASE("a login beside one's own hibernated session is a second session") {
    EventScript script;
    hibernate_users(script, {"u"});
    script.process(9).exec().titles({"[waiting on client]", bare});
    CHECK(script.session(1).hibernated);
    CHECK(script.session(2).process.pid == 9);
}

// 2.3.20 and before show no stages.
TEST_CASE("what looks like a login is a return if the count falls") {
    EventScript script;
    hibernate_users(script, {"u", "v"});
    script.process(9).exec().title(bare);
    CHECK(script.last.empty());
    SECTION("it does") {
        count(script, "[1 connections]");
        CHECK(script.session(1).process.pid == 9);
        CHECK_FALSE(script.session(1).hibernated);
        script.process(9).title(deinit);
        CHECK(script.session(1).end == End::logout);
        CHECK(script.sessions() == 2);
    }
    SECTION("it does not") {
        const BootTime login = script.now;
        script.wait(seconds(2) + std::chrono::nanoseconds(1)).advance();
        CHECK(script.session(1).hibernated);
        CHECK(boot_time(script.session(3).login) == login);
        CHECK(script.session(3).process.pid == 9);
        CHECK_FALSE(script.session(3).login_estimated);
    }
    SECTION("it does, but too late") {
        script.wait(seconds(3));
        count(script, "[1 connections]");
        CHECK(script.session(1).hibernated);
        CHECK(script.session(3).user == "u");
    }
    SECTION("the session ends before") {
        script.process(9).title(deinit).exit();
        CHECK(script.session(1).hibernated);
        CHECK(script.session(3).end == End::logout);
    }
    SECTION("all end before") {
        script.process(hibernate, ProcessRole::imap_hibernate).exit();
        CHECK(script.session(1).logout);
        CHECK_FALSE(script.session(3).logout);
    }
}

TEST_CASE("the only hibernated session ended when the count fell") {
    EventScript script;
    hibernate_users(script, {"u"});
    count(script, "[0 connections]");
    CHECK(script.session().end == End::lost);
    CHECK(script.session().logout_estimated);
    CHECK(boot_time(*script.session().logout) == script.now);
    CHECK_FALSE(script.session().hibernated);
}

TEST_CASE("of several hibernated sessions the others' return shows which one ended") {
    EventScript script;
    hibernate_users(script, {"u", "v", "w"});
    count(script, "[2 connections]");
    const BootTime fell = script.now;
    CHECK(script.applied.online().size() == 3);
    for (const std::string user : {"u", "w"}) {
        const std::int32_t pid = user == "u" ? 11 : 12;
        script.wait(minutes(1)).process(pid).exec();
        script.titles({"[waiting on unhibernate client]", "[unhibernating]", "[" + user + " 1.2.3.4]"});
        count(script, user == "u" ? "[1 connections]" : "[0 connections]");
    }
    CHECK(script.applied.online().size() == 2);
    CHECK(boot_time(*script.session(2).logout) == fell);
}

TEST_CASE("who ended among several hibernated sessions is presumed after half an hour") {
    EventScript script;
    hibernate_users(script, {"u", "v", "w"});
    count(script, "[2 connections]");
    const BootTime fell = script.now;
    script.wait(minutes(29)).advance();
    CHECK(script.applied.online().size() == 3);
    script.wait(minutes(1)).advance();
    CHECK(script.applied.online().size() == 2);
    CHECK(boot_time(*script.session(1).logout) == fell);
    CHECK(script.session(1).logout_estimated);
    CHECK(script.session(1).end == End::lost);
    SECTION("one end each") {
        script.wait(minutes(60)).advance();
        CHECK(script.applied.online().size() == 2);
        count(script, "[0 connections]");
        CHECK(script.applied.online().empty());
        CHECK(boot_time(*script.session(1).logout) == fell);
    }
    SECTION("it was another if that one returns, shown as a return") {
        script.process(11).exec().titles(
            {"[waiting on unhibernate client]", "[unhibernating]", "[u 1.2.3.4]"});
        count(script, "[1 connections]");
        CHECK_FALSE(script.session(1).logout);
        script.advance();
        CHECK(boot_time(*script.session(2).logout) == fell);
    }
    SECTION("it was another if that one returns, shown as a login") {
        script.process(11).exec().title("[u 1.2.3.4]");
        count(script, "[1 connections]");
        CHECK_FALSE(script.session(1).logout);
        script.advance();
        CHECK(boot_time(*script.session(2).logout) == fell);
    }
    SECTION("a login of that user is one") {
        script.process(11).exec().title("[u 1.2.3.4]").wait(seconds(3)).advance();
        CHECK(script.sessions() == 4);
        CHECK(script.applied.online().size() == 3);
        CHECK(script.session(1).logout);
    }
    CHECK(script.sessions() <= 4);
}

TEST_CASE("of two alike the one that was hibernated last returns") {
    EventScript script;
    hibernate_users(script, {"u", "u"});
    script.process(11).exec().titles({"[waiting on unhibernate client]", "[unhibernating]", "[u 1.2.3.4]"});
    CHECK(script.session(1).hibernated);
    CHECK_FALSE(script.session(2).hibernated);
}

TEST_CASE("logout lines of imap-hibernate are kept only while one of them can be told from the others") {
    EventScript script;
    hibernate_users(script, {"u", "v", "w", "x"});
    const auto& unattributed = script.tracker.counters().unattributed_logout_lines;
    for (int left = 3; left > 0; --left) {
        script.process(hibernate, ProcessRole::imap_hibernate).logout_line();
        count(script, "[" + std::to_string(left) + " connections]");
    }
    CHECK(unattributed == 1);
    script.logout_line();
    count(script, "[0 connections]");
    CHECK(unattributed == 4);
    SECTION("nothing is left for the next") {
        script.logout_line();
        CHECK(unattributed == 5);
    }
    CHECK(script.session(1).reason.empty());
}

TEST_CASE("they all end with imap-hibernate") {
    EventScript script;
    hibernate_users(script, {"u", "v"});
    SECTION("exit") {
        script.process(hibernate, ProcessRole::imap_hibernate).exit();
        CHECK(script.session(1).end == End::exit);
    }
    SECTION("gone") {
        script.retain({});
        CHECK(script.session(1).end == End::lost);
    }
    CHECK(script.applied.online().empty());
    CHECK(boot_time(*script.session(2).logout) == script.now);
}

TEST_CASE("retain keeps hibernated sessions while imap-hibernate runs") {
    EventScript script;
    hibernate_users(script, {"u"});
    script.retain({ProcessKey{hibernate, 1}});
    CHECK(script.session().hibernated);
    CHECK_FALSE(script.session().logout);
}

TEST_CASE("sessions that are hibernated stay with their own master across a restart") {
    EventScript script;
    hibernate_users(script, {"u", "v"});
    script.under(200).process(51, ProcessRole::imap_hibernate).exec().title("[0 connections]");
    script.process(3).exec().title("[w 1.2.3.4]");
    script.process(51, ProcessRole::imap_hibernate).title("[1 connections]");
    script.process(3).titles({"[w 1.2.3.4 (deinit)]", "[w 1.2.3.4 (deinit)]", "[idling]"}).exit();
    script.take_over();
    SECTION("one ends") {
        script.process(51, ProcessRole::imap_hibernate).title("[0 connections]");
        CHECK(boot_time(*script.session(3).logout) == script.now);
        CHECK(script.applied.online().size() == 2);
    }
    SECTION("the other's end") {
        script.under(EventScript::master).process(hibernate, ProcessRole::imap_hibernate).exit();
        CHECK(script.applied.online().size() == 1);
        CHECK(script.session(3).hibernated);
    }
}

TEST_CASE("sessions that an earlier daemon saw hibernated") {
    EventScript script(6);
    Session session;
    session.id = 5;
    session.user = "u";
    session.service_class = "imap";
    session.address = Address::parse("1.2.3.4");
    session.process = {1, 1};
    session.login = UtcTime{std::chrono::hours(24 * 365 * 50)};
    session.hibernated = true;
    script.tracker.restore({&session, 1});
    script.applied.restore(session);
    SECTION("return") {
        script.process(hibernate, ProcessRole::imap_hibernate).adopt().title("[1 connections]");
        script.process(9).exec().titles({"[waiting on unhibernate client]", bare});
        CHECK(script.session().process.pid == 9);
    }
    SECTION("are not given up before imap-hibernate has shown its count") {
        script.process(hibernate, ProcessRole::imap_hibernate).adopt();
        script.process(51, ProcessRole::imap_hibernate)
            .exec()
            .title("[1 connections]")
            .title("[0 connections]");
        CHECK_FALSE(script.session().logout);
    }
    SECTION("have ended meanwhile") {
        script.process(hibernate, ProcessRole::imap_hibernate).adopt().title("[0 connections]");
        CHECK(script.session().end == End::lost);
    }
    SECTION("may be among those that are left") {
        script.process(hibernate, ProcessRole::imap_hibernate)
            .adopt()
            .titles({"[2 connections]", "[1 connections]"});
        CHECK_FALSE(script.session().logout);
        script.title("[0 connections]");
        CHECK(script.session().end == End::lost);
    }
    SECTION("have no imap-hibernate any more") {
        script.retain({});
        CHECK(script.session().end == End::lost);
    }
}

} // namespace
} // namespace dovewatch
