#include "monitor/probe_handover.h"

#include <catch2/catch.hpp>

using namespace dovewatch;

namespace {

using namespace std::chrono_literals;

constexpr BootTime both_since = 10s;

ProcessEvent event(std::int32_t pid, BootTime at, decltype(ProcessEvent::what) what) {
    ProcessEvent event;
    event.process = {pid, 1};
    event.at = at;
    event.what = std::move(what);
    return event;
}

ProcessEvent title(BootTime at, std::string text, std::int32_t pid = 1) {
    return event(pid, at, TitleEvent{std::move(text)});
}

std::vector<std::string> titles(const std::vector<ProcessEvent>& events) {
    std::vector<std::string> texts;
    texts.reserve(events.size());
    for (const auto& each : events) {
        texts.push_back(std::get<TitleEvent>(each.what).text);
    }
    return texts;
}

using Texts = std::vector<std::string>;

} // namespace

TEST_CASE("what both sets of probes saw comes once") {
    const auto joined =
        join_events({title(10s + 1ms, "a"), title(10s + 2ms, "b")},
                    {title(10s + 1001us, "a"), title(10s + 1999us, "b"), title(10s + 3ms, "c")}, both_since);
    CHECK(titles(joined) == Texts{"a", "b", "c"});
}

TEST_CASE("an occurrence that the two stamped at either side of the border comes once") {
    CHECK(titles(join_events({title(both_since - 5us, "a")}, {title(both_since + 5us, "a")}, both_since)) ==
          Texts{"a"});
    CHECK(titles(join_events({title(both_since + 5us, "a")}, {title(both_since - 5us, "a")}, both_since)) ==
          Texts{"a"});
}

TEST_CASE("the new probes' account counts only since they are complete") {
    CHECK(titles(join_events({title(both_since - 1ms, "a")},
                             {title(both_since - 1s, "b"), title(both_since - 1ms, "a")}, both_since)) ==
          Texts{"a"});
}

TEST_CASE("two equal occurrences are two") {
    const auto twice =
        join_events({title(10s + 1ms, "a"), title(10s + 1500us, "a")},
                    {title(10s + 1ms, "a"), title(10s + 1500us, "a"), title(10s + 1600us, "a")}, both_since);
    CHECK(twice.size() == 3);
    CHECK(join_events({title(10s + 1ms, "a")}, {title(10s + 5ms, "a")}, both_since).size() == 2);
    CHECK(join_events({title(10s + 1ms, "a")}, {title(10s + 1ms, "a", 2)}, both_since).size() == 2);
}

TEST_CASE("events of either come in order") {
    const auto joined = join_events({title(10s + 5ms, "old")}, {title(10s + 1ms, "new")}, both_since);
    CHECK(titles(joined) == Texts{"new", "old"});
}

TEST_CASE("events of every kind have twins, and only of their own kind") {
    const BootTime at = 10s + 1ms;
    for (const decltype(ProcessEvent::what)& what :
         {decltype(ProcessEvent::what)(ExecEvent{}),
          decltype(ProcessEvent::what)(LogoutEvent{"Logged out", ""}),
          decltype(ProcessEvent::what)(ExitEvent{9})}) {
        CHECK(join_events({event(1, at, what)}, {event(1, at, what)}, both_since).size() == 1);
        CHECK(join_events({event(1, at, what)}, {title(at, "a")}, both_since).size() == 2);
    }
    CHECK(join_events({event(1, at, ExitEvent{0})}, {event(1, at, ExitEvent{9})}, both_since).size() == 2);
    CHECK(
        join_events({event(1, at, ExecEvent{false, "a"})}, {event(1, at, ExecEvent{false, "b"})}, both_since)
            .size() == 2);
    CHECK(
        join_events({event(1, at, LogoutEvent{"a", "b"})}, {event(1, at, LogoutEvent{"a", "c"})}, both_since)
            .size() == 2);
}
