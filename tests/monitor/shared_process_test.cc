// Processes that serve several clients at once and show no more than their number.
#include "tests/monitor/event_script.h"

#include <csignal>

#include <catch2/catch.hpp>

namespace dovewatch {
namespace {

using std::chrono::seconds;

TEST_CASE("a known session stays while others come and go unnamed") {
    EventScript script;
    script.process(7).exec().titles({"[u 1.1.1.1]", "[2 connections]", "[3 connections]", "[3 connections]"});
    CHECK(script.tracker.counters().unattributed_sessions == 2);
    script.titles({"[2 connections]", "[u 1.1.1.1]"});
    CHECK_FALSE(script.session().logout);
    CHECK(script.tracker.counters().unattributed_sessions == 2);
    script.title("[u 1.1.1.1 (deinit)]");
    CHECK(script.session().end == End::logout);
    CHECK_FALSE(script.session().logout_estimated);
}

TEST_CASE("the last one left is named, so the known one has gone") {
    EventScript script;
    script.process(7).exec().titles({"[u 1.1.1.1]", "[2 connections]", "[3 connections]"});
    const BootTime rose = script.now;
    script.wait(seconds(5)).titles({"[2 connections]", "[v 2.2.2.2]"});
    CHECK(script.session(1).end == End::lost);
    CHECK(script.session(1).logout_estimated);
    CHECK(boot_time(*script.session(1).logout) == script.now);
    CHECK(boot_time(script.session(2).login) == rose);
    CHECK(script.session(2).login_estimated);
    CHECK(script.tracker.counters().unattributed_sessions == 1);
}

TEST_CASE("(deinit) of the last one left") {
    EventScript script;
    script.process(7).exec().titles({"[2 connections]", "[v 2.2.2.2 (deinit)]"});
    CHECK(script.session().user == "v");
    CHECK(script.session().end == End::logout);
    CHECK(script.tracker.counters().unattributed_sessions == 1);
}

TEST_CASE("all gone") {
    EventScript script;
    script.process(7).exec().titles({"[u 1.1.1.1]", "[2 connections]"});
    SECTION("idling") {
        script.title("[idling]");
        CHECK(script.session().end == End::logout);
        CHECK(script.session().logout_estimated);
        script.title("[u 1.1.1.1]");
        CHECK_FALSE(script.session(2).login_estimated);
    }
    SECTION("killed, and nobody had left before") {
        script.exit(SIGKILL);
        CHECK(script.session().end == End::signal);
        CHECK_FALSE(script.session().logout_estimated);
    }
    SECTION("killed after someone had left") {
        script.titles({"[3 connections]", "[2 connections]"}).exit(SIGKILL);
        CHECK(script.session().end == End::signal);
        CHECK(script.session().logout_estimated);
    }
}

TEST_CASE("a shared process never idles falsely, whatever its version") {
    EventScript script;
    script.process(99).exec().title("[waiting on client]");
    script.process(7).adopt().titles({"[2 connections]", "[u 1.1.1.1]", "[idling]"});
    CHECK(script.session().end == End::logout);
}

TEST_CASE("an adopted process with several clients has as many unattributed sessions") {
    EventScript script;
    script.process(7).adopt().title("[3 connections]");
    CHECK(script.tracker.counters().unattributed_sessions == 3);
    CHECK(script.sessions() == 0);
}

} // namespace
} // namespace dovewatch
