// Processes that ran before the daemon, and sessions that an earlier daemon left open.
#include "tests/monitor/event_script.h"

#include <array>

#include <catch2/catch.hpp>

namespace dovewatch {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr auto bare = "[u 1.2.3.4]";
constexpr auto deinit = "[u 1.2.3.4 (deinit)]";
constexpr BootTime started = minutes(10);

Session open_session(std::int64_t id, std::int32_t pid, std::string user = "u") {
    Session session;
    session.id = id;
    session.user = std::move(user);
    session.service_class = "imap";
    session.address = Address::parse("1.2.3.4");
    session.process = {pid, 1};
    session.login = UtcTime{std::chrono::hours(24 * 365 * 50) + minutes(20)};
    session.login_since_boot = minutes(20);
    return session;
}

void restore(EventScript& script, const std::vector<Session>& sessions) {
    script.tracker.restore(sessions);
    for (const Session& session : sessions) {
        script.applied.restore(session);
    }
}

// Lets the tracker know that this master's Dovecot shows stages.
void show_stage(EventScript& script) {
    script.process(99).exec().title("[waiting on client]");
}

TEST_CASE("the first title of an adopted process began at its start, about") {
    EventScript script;
    script.process(7).adopt(started).title("[u 1.2.3.4 IDLE]");
    CHECK(boot_time(script.session().login) == started);
    CHECK(script.session().login_estimated);
    script.title(deinit);
    CHECK_FALSE(script.session().logout_estimated);
    script.titles({"[idling]", "[v 1.2.3.4]"});
    CHECK_FALSE(script.session(2).login_estimated);
}

TEST_CASE("a login in an adopted process that was seen waiting is no estimate") {
    EventScript script;
    const std::string_view before = GENERATE("", "[idling]", "[waiting on client]", "[initializing]");
    script.process(7).adopt(started).titles({before, bare});
    CHECK(boot_time(script.session().login) == script.now);
    CHECK_FALSE(script.session().login_estimated);
}

TEST_CASE("an adopted process that showed [idling] may have served silently") {
    EventScript script;
    SECTION("it says so at the end") {
        script.process(7, ProcessRole::pop3).adopt(started).titles({"[idling]", deinit});
    }
    SECTION("it is found in mid-session") {
        script.process(7).adopt(started).titles({"[idling]", "[u 1.2.3.4 NOOP]", deinit});
    }
    SECTION("its Dovecot does that") {
        show_stage(script);
        script.process(7).adopt(started).titles({"[idling]", bare, deinit});
    }
    CHECK(boot_time(script.session().login) == started);
    CHECK(script.session().login_estimated);
    CHECK(script.session().end == End::logout);
    CHECK(boot_time(*script.session().logout) == script.now);
}

TEST_CASE("an [idling] that proves false takes the end back") {
    EventScript script;
    script.process(7, ProcessRole::pop3).adopt(started).titles({bare, "[idling]", deinit});
    CHECK(script.sessions() == 1);
    CHECK(boot_time(*script.session().logout) == script.now);
}

TEST_CASE("a restored session goes on in its process") {
    EventScript script(6);
    restore(script, {open_session(5, 7)});
    script.process(7).adopt(started);
    SECTION("busy") {
        script.title("[u 1.2.3.4 IDLE]");
    }
    SECTION("silent") {
        script.title("[idling]");
        CHECK_FALSE(script.session(5).logout);
        script.title("[u 1.2.3.4 NOOP]");
    }
    CHECK(script.sessions() == 1);
    script.title(deinit);
    CHECK(script.sessions() == 1);
    CHECK(script.session(5).end == End::logout);
    CHECK_FALSE(script.session(5).login_estimated);
    CHECK(boot_time(*script.session(5).logout) == script.now);
}

TEST_CASE("a restored session whose process serves another user was lost") {
    EventScript script(6);
    restore(script, {open_session(5, 7)});
    script.process(7).adopt(started).title("[v 1.2.3.4]");
    CHECK(script.session(5).end == End::lost);
    CHECK(script.session(5).logout_estimated);
    CHECK(script.session(6).login_estimated);
    CHECK(boot_time(script.session(6).login) == script.now);
}

TEST_CASE("of two restored sessions of one process the newer goes on") {
    EventScript script(9);
    restore(script, {open_session(5, 7, "old"), open_session(6, 7)});
    script.process(7).adopt(started).title(bare);
    CHECK(script.session(5).end == End::lost);
    CHECK_FALSE(script.session(6).logout);
}

TEST_CASE("retain ends what no process serves") {
    EventScript script(6);
    restore(script, {open_session(5, 7)});
    script.process(8).exec().title(bare);
    script.process(9).exec().title(bare);
    script.wait(seconds(3)).retain({ProcessKey{9, 1}});
    for (const std::int64_t id : {5, 6}) {
        CHECK(script.session(id).end == End::lost);
        CHECK(script.session(id).logout_estimated);
        CHECK(boot_time(*script.session(id).logout) == script.now);
    }
    CHECK_FALSE(script.session(7).logout);
    CHECK(script.tracker.counters().gone_processes == 2);
    script.process(8).exit();
    CHECK(script.tracker.counters().starts_missed == 0);
}

TEST_CASE("retain keeps a restored session whose process runs but is not adopted yet") {
    EventScript script(6);
    restore(script, {open_session(5, 7)});
    script.retain({ProcessKey{7, 1}});
    CHECK_FALSE(script.session(5).logout);
    script.process(7).adopt(started).title(deinit);
    CHECK(script.session(5).end == End::logout);
}

TEST_CASE("after a reboot all restored sessions are lost, none with a negative duration") {
    EventScript script(6);
    restore(script, {open_session(5, 7)});
    script.now = seconds(30);
    script.retain({});
    CHECK(script.session(5).end == End::lost);
    CHECK(script.session(5).logout == script.session(5).login);
}

} // namespace
} // namespace dovewatch
