// Prints how many bytes the session tracker holds per online session, with 100,000 of them.
#include "monitor/tracker.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <malloc.h>

namespace {

using namespace dovewatch;

constexpr std::int32_t sessions = 100'000;

std::size_t allocated_bytes() {
    const auto heap = mallinfo2();
    return heap.uordblks + heap.hblkhd;
}

void log_in(Tracker& tracker, std::int32_t number, std::vector<SessionChange>& changes) {
    ProcessEvent event;
    event.process = {number, number};
    event.parent_pid = 1;
    event.at = std::chrono::milliseconds(number);
    event.what = ExecEvent{};
    tracker.handle(event, changes);
    event.what = TitleEvent{fmt::format("[user{}@mail.example.org 2001:db8::{:x}]", number, number % 0xffff)};
    tracker.handle(event, changes);
    changes.clear();
}

} // namespace

int main() {
    Tracker tracker;
    std::vector<SessionChange> changes;
    log_in(tracker, 1, changes);
    const auto before = allocated_bytes();
    for (std::int32_t number = 2; number <= sessions + 1; number++) {
        log_in(tracker, number, changes);
    }
    fmt::print("{}\n", (allocated_bytes() - before) / sessions);
    return tracker.sessions_online() == sessions + 1 ? 0 : 1;
}
