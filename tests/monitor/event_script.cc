#include "tests/monitor/event_script.h"

#include <utility>

#include <catch2/catch.hpp>

namespace dovewatch {
namespace {

constexpr std::chrono::microseconds utc_offset = std::chrono::hours(24 * 365 * 50);

} // namespace

EventScript::EventScript(std::int64_t first_session_id) : tracker(first_session_id) {
    tracker.set_utc_offset(utc_offset);
    next_.parent_pid = master;
}

EventScript& EventScript::process(std::int32_t pid, ProcessRole role, std::int64_t start_ticks) {
    next_.process = {pid, start_ticks};
    next_.role = role;
    return *this;
}

EventScript& EventScript::under(std::int32_t parent_pid) {
    next_.parent_pid = parent_pid;
    return *this;
}

EventScript& EventScript::exec(std::string arguments) {
    return send(ExecEvent{false, std::move(arguments)});
}

EventScript& EventScript::adopt(BootTime started) {
    const BootTime present = std::exchange(now, started - std::chrono::milliseconds(1)); // send adds one
    send(ExecEvent{true, {}});
    now = present;
    return *this;
}

EventScript& EventScript::title(std::string_view text) {
    return send(TitleEvent{std::string(text)});
}

EventScript& EventScript::titles(std::initializer_list<std::string_view> texts) {
    for (const auto text : texts) {
        title(text);
    }
    return *this;
}

EventScript& EventScript::logout_line() {
    return send(LogoutEvent{"Logged out", "in=1 out=2"});
}

EventScript& EventScript::exit(int status) {
    return send(ExitEvent{status});
}

EventScript& EventScript::wait(BootTime time) {
    now += time;
    return *this;
}

EventScript& EventScript::advance() {
    last.clear();
    tracker.advance(now, last);
    return apply();
}

EventScript& EventScript::retain(std::vector<ProcessKey> running) {
    last.clear();
    tracker.retain(running, now, last);
    return apply();
}

EventScript& EventScript::take_over() {
    Tracker successor(static_cast<std::int64_t>(sessions()) + 1);
    successor.set_utc_offset(utc_offset);
    successor.restore(applied.online(), tracker.memory());
    tracker = std::move(successor);
    return *this;
}

const Session& EventScript::session() const {
    REQUIRE(applied.rows().size() == 1);
    return applied.rows().begin()->second.session;
}

const Session& EventScript::session(std::int64_t id) const {
    REQUIRE(applied.rows().contains(id));
    return applied.rows().at(id).session;
}

EventScript& EventScript::send(decltype(ProcessEvent::what) what) {
    now += std::chrono::milliseconds(1);
    next_.at = now;
    next_.what = std::move(what);
    last.clear();
    tracker.handle(next_, last);
    return apply();
}

EventScript& EventScript::apply() {
    applied.apply(last);
    CHECK(tracker.sessions_online() == applied.online().size());
    return *this;
}

BootTime boot_time(UtcTime time) {
    return time.time_since_epoch() - utc_offset;
}

} // namespace dovewatch
