// The session tracker's rules, one short story each. Restarts, shared processes and hibernation have files of
// their own.
#include "tests/monitor/event_script.h"

#include <csignal>

#include <catch2/catch.hpp>

namespace dovewatch {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto bare = "[u 1.2.3.4]";
constexpr auto deinit = "[u 1.2.3.4 (deinit)]";

TEST_CASE("a session runs from the user's title to (deinit)") {
    EventScript script;
    script.process(7).exec().title(bare);
    const BootTime login = script.now;
    REQUIRE(script.last.size() == 1);
    CHECK(script.session().user == "u");
    CHECK(script.session().address == Address::parse("1.2.3.4"));
    CHECK(script.session().process == ProcessKey{7, 1});
    CHECK(boot_time(script.session().login) == login);
    script.titles({"[u 1.2.3.4 SELECT]", bare, "[u 1.2.3.4 IDLE]"});
    CHECK(script.last.empty());
    script.wait(hours(2)).title(deinit);
    CHECK(script.session().end == End::logout);
    CHECK(*script.session().logout - script.session().login > hours(2));
    CHECK_FALSE(script.session().login_estimated);
    CHECK_FALSE(script.session().logout_estimated);
    script.titles({deinit, "[idling]"}).exit();
    CHECK(script.last.empty());
    CHECK(script.sessions() == 1);
}

TEST_CASE("ids go up from the first") {
    EventScript script(41);
    script.process(7).exec().title(bare);
    script.process(8).exec().title(bare);
    CHECK(script.session(41).process.pid == 7);
    CHECK(script.session(42).process.pid == 8);
}

TEST_CASE("a wall clock step changes no duration") {
    EventScript script;
    script.process(7).exec().title(bare);
    script.tracker.set_utc_offset(std::chrono::microseconds(0));
    script.wait(seconds(5)).title(deinit);
    CHECK(*script.session().logout - script.session().login == seconds(5) + milliseconds(1));
}

TEST_CASE("a wall clock step and a restart change no duration") {
    EventScript script;
    script.process(7).exec().title(bare);
    script.take_over().tracker.set_utc_offset(std::chrono::microseconds(0));
    script.wait(seconds(5)).adopt().title(deinit);
    CHECK(*script.session().logout - script.session().login == seconds(5) + milliseconds(1));
}

TEST_CASE("disordered times give no negative duration") {
    EventScript script;
    script.process(7).exec().title(bare).wait(-seconds(5)).title(deinit);
    CHECK(script.session().logout == script.session().login);
}

TEST_CASE("a process whose start was missed is known by its first title") {
    EventScript script;
    script.process(7).title(bare).exit();
    CHECK(script.sessions() == 1);
    CHECK_FALSE(script.session().login_estimated);
    CHECK(script.session().end == End::exit);
    CHECK(script.tracker.counters().starts_missed == 1);
}

TEST_CASE("the end of a process that was never seen is no news") {
    EventScript script;
    script.process(7).exit();
    CHECK(script.sessions() == 0);
    CHECK(script.tracker.counters().starts_missed == 0);
}

TEST_CASE("a later process with the same pid is another one") {
    EventScript script;
    script.process(7).exec().title(bare).exit();
    script.process(7, ProcessRole::imap, 2).exec().title(bare);
    CHECK(script.session(1).end == End::exit);
    CHECK_FALSE(script.session(2).logout);
    script.process(7, ProcessRole::imap, 1).title(deinit);
    CHECK_FALSE(script.session(2).logout);
}

TEST_CASE("an exec in a process replaces what ran in it") {
    EventScript script;
    script.process(7).exec().exec().title(bare).exec();
    CHECK(script.session().end == End::lost);
    CHECK(script.session().logout_estimated);
}

TEST_CASE("an adoption of a process that was seen to begin changes nothing") {
    EventScript script;
    script.process(7).exec().title(bare).adopt().title(deinit);
    CHECK(script.session().end == End::logout);
    CHECK_FALSE(script.session().login_estimated);
}

TEST_CASE("torn titles are counted and change nothing") {
    EventScript script;
    script.process(7).exec().titles({bare, "[u 1.2.3.4 X-A-VERY-LONG-", "[someone el"});
    CHECK(script.tracker.counters().unknown_titles == 2);
    CHECK_FALSE(script.session().logout);
}

TEST_CASE("exit without (deinit)") {
    EventScript script;
    script.process(7).exec().title(bare);
    SECTION("by itself") {
        script.exit();
        CHECK(script.session().end == End::exit);
    }
    SECTION("killed") {
        script.exit(SIGKILL);
        CHECK(script.session().end == End::signal);
    }
    CHECK(boot_time(*script.session().logout) == script.now);
    CHECK_FALSE(script.session().logout_estimated);
}

TEST_CASE("the address of a user may appear and change, but not by a command of that name") {
    EventScript script;
    SECTION("pop3") {
        script.process(7, ProcessRole::pop3).exec().titles({"[u]", bare});
        CHECK(script.session().address == Address::parse("1.2.3.4"));
    }
    SECTION("imap") {
        script.process(7).exec().titles({"[u]", bare});
        CHECK_FALSE(script.session().address);
    }
    script.titles({"[v 1.2.3.4]", "[v 5.6.7.8]", "[v]"});
    CHECK(script.session(2).address == Address::parse("5.6.7.8"));
    CHECK(script.sessions() == 2);
}

TEST_CASE("another user in the same process") {
    EventScript script;
    script.process(7).exec().titles({bare, "[v 1.2.3.4]"});
    CHECK(script.session(1).end == End::logout);
    CHECK(boot_time(*script.session(1).logout) == script.now);
    CHECK(boot_time(script.session(2).login) == script.now);
}

TEST_CASE("the same user twice, one after the other, is two sessions") {
    EventScript script;
    const bool stages = GENERATE(false, true);
    script.process(7).exec();
    for (int round = 0; round < 2; ++round) {
        if (stages) {
            script.titles({"[waiting on client]", "[auth lookup]"});
        }
        script.titles({bare, deinit, "[idling]"});
    }
    CHECK(script.sessions() == 2);
    CHECK(script.session(1).end == End::logout);
}

TEST_CASE("a client that fakes (deinit) does not end its session") {
    EventScript script;
    script.process(7).exec().titles({bare, deinit});
    CHECK(script.session().logout);
    script.title(bare);
    CHECK_FALSE(script.session().logout);
    script.titles({"[u 1.2.3.4 NOOP]", deinit, "[idling]"}).exit();
    CHECK(script.session().end == End::logout);
}

// 2.2.28 and before.
TEST_CASE("a bare [idling] is the logout where Dovecot shows no stages") {
    EventScript script;
    script.process(7).exec().titles({bare, "[idling]"});
    CHECK(script.session().end == End::logout);
    CHECK(boot_time(*script.session().logout) == script.now);
    script.titles({bare, "[idling]"}).exit();
    CHECK(script.sessions() == 2);
}

TEST_CASE("a bare [idling] is no logout where Dovecot shows stages") {
    EventScript script;
    script.process(7, ProcessRole::pop3).exec().titles({"[initializing]", "[waiting on client]", bare});
    const BootTime login = script.now;
    script.title("[idling]").wait(hours(2));
    CHECK_FALSE(script.session().logout);

    SECTION("(deinit) ends it") {
        script.titles({deinit, "[idling]"}).exit();
        CHECK(script.session().end == End::logout);
        CHECK(*script.session().logout - script.session().login > hours(2));
    }
    SECTION("it goes on when its user is shown again") {
        script.titles({"[u 1.2.3.4 NOOP]", bare});
        CHECK_FALSE(script.session().logout);
        CHECK(script.sessions() == 1);
    }
    SECTION("it ended then if a login follows") {
        script.titles({"[waiting on client]", bare});
        CHECK(script.sessions() == 2);
        CHECK(boot_time(*script.session(1).logout) == login + milliseconds(1));
        CHECK_FALSE(script.session(2).logout);
    }
    SECTION("it ended then if it is another user's turn") {
        script.title("[v 1.2.3.4]");
        CHECK(boot_time(*script.session(1).logout) == login + milliseconds(1));
    }
    SECTION("exit") {
        script.exit();
        CHECK(script.session().end == End::exit);
        CHECK(boot_time(*script.session().logout) == script.now);
    }
    SECTION("killed") {
        script.exit(SIGTERM);
        CHECK(script.session().end == End::signal);
    }
}

TEST_CASE("[initializing] alone does not tell that stages will follow") {
    EventScript script;
    script.process(7, ProcessRole::submission).exec();
    script.titles({"[initializing]", "", "[u 1.2.3.4 GREETING]", "[idling]"});
    CHECK(script.session().end == End::logout);
}

TEST_CASE("submission has no (deinit)") {
    EventScript script;
    script.process(7, ProcessRole::submission).exec();
    script.titles(
        {"[waiting on client]", "[u 1.2.3.4 GREETING]", "[idling]", "[u 1.2.3.4 DATA]", "[idling]"});
    CHECK_FALSE(script.session().logout);
    script.exit();
    CHECK(script.session().end == End::logout);
    CHECK_FALSE(script.session().logout_estimated);
}

TEST_CASE("managesieve has no (deinit) and ends with [idling]") {
    EventScript script;
    script.process(7, ProcessRole::managesieve).exec();
    const bool stages = GENERATE(false, true);
    if (stages) {
        script.title("[waiting on client]");
    }
    script.titles({bare, "[idling]"});
    CHECK(script.session().end == End::logout);
    script.title("[u 1.2.3.4 PUTSCRIPT]");
    CHECK_FALSE(script.session().logout);
    script.title("[idling]").exit();
    CHECK(script.session().end == End::logout);
}

TEST_CASE("lmtp delivers once a title") {
    EventScript script;
    script.process(7, ProcessRole::lmtp).exec();
    script.titles({"[1.2.3.4 RCPT TO x]", "[1.2.3.4 DATA u]", "[1.2.3.4 DATA u]", "[1.2.3.4 DATA]",
                   "[1.2.3.4 DATA v]"});
    REQUIRE(script.applied.deliveries().size() == 3);
    CHECK(script.applied.deliveries()[2].user == "v");
    CHECK(script.applied.deliveries()[2].pid == 7);
    CHECK(script.applied.deliveries()[2].service == Service::lmtp);
    CHECK(script.applied.deliveries()[2].address == Address::parse("1.2.3.4"));
    CHECK(boot_time(script.applied.deliveries()[2].at) == script.now);
    CHECK(script.sessions() == 0);
}

TEST_CASE("lmtp that waits for its log delivers no more often") {
    EventScript script;
    script.process(7, ProcessRole::lmtp).exec();
    script.titles({"[1.2.3.4 DATA u]", "[1.2.3.4 DATA u] - [blocking on log write]", "[1.2.3.4 DATA u]"});
    CHECK(script.applied.deliveries().size() == 1);
    script.title("[1.2.3.4 DATA u]");
    CHECK(script.applied.deliveries().size() == 2);
}

TEST_CASE("lda delivers when it exits well") {
    const std::string arguments("dovecot-lda\0-d\0u@x\0", 19);
    EventScript script;
    script.process(7, ProcessRole::lda).under(9);
    SECTION("well") {
        script.exec(arguments).exec(arguments).exit();
        REQUIRE(script.applied.deliveries().size() == 1);
        CHECK(script.applied.deliveries()[0].user == "u@x");
        CHECK(script.applied.deliveries()[0].service == Service::lda);
        CHECK(boot_time(script.applied.deliveries()[0].at) == script.now);
    }
    SECTION("well, and looked at meanwhile") {
        script.exec(arguments).retain({ProcessKey{7, 1}}).exit();
        CHECK(script.applied.deliveries().size() == 1);
    }
    SECTION("not so well") {
        script.exec(arguments).exit(75 << 8);
        CHECK(script.applied.deliveries().empty());
    }
    SECTION("killed") {
        script.exec(arguments).exit(SIGKILL);
        CHECK(script.applied.deliveries().empty());
    }
    SECTION("without a user") {
        script.exec(std::string("dovecot-lda\0", 12)).exit();
        CHECK(script.applied.deliveries().empty());
        CHECK(script.tracker.counters().unattributed_deliveries == 1);
    }
    CHECK(script.sessions() == 0);
}

} // namespace
} // namespace dovewatch
