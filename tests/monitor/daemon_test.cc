#include "monitor/daemon.h"

#include <csignal>
#include <deque>
#include <thread>

#include <sys/eventfd.h>

#include <catch2/catch.hpp>

#include "tests/monitor/fake_store.h"

using namespace dovewatch;
using dovewatch::test::FakeStore;
using namespace std::chrono_literals;

namespace {

// Events from a list. Once all were drained it stops the daemon as an administrator would.
class FakeSource : public Source {
  public:
    std::string_view name() const override { return "fake"; }
    int events_fd() const override { return events_.get(); }
    int control_fd() const override { return control_.get(); }

    Result<void> drain(const EventSink& sink) override {
        while (!events.empty()) {
            sink(events.front());
            events.pop_front();
        }
        eventfd_t value = 0;
        eventfd_read(events_.get(), &value);
        if (!std::exchange(stopped_, true))
            raise(SIGTERM);
        return {};
    }

    void release() override { released = true; }

    Result<void> attend(const EventSink& sink) override {
        for (const auto& event : adopted)
            sink(event);
        adopted.clear();
        return {};
    }

    Result<std::vector<ProcessKey>> running() const override { return running_now; }
    std::vector<Counter> counters() const override { return {{"kernel", "titles lost", 7, true}}; }

    void wake() { eventfd_write(events_.get(), 1); }

    std::deque<ProcessEvent> events;
    std::vector<ProcessEvent> adopted;
    std::vector<ProcessKey> running_now;
    bool released = false;

  private:
    bool stopped_ = false;
    UniqueFd events_{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    UniqueFd control_{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
};

class StopSignalsBlocked {
  public:
    StopSignalsBlocked() {
        sigset_t signals;
        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        pthread_sigmask(SIG_BLOCK, &signals, &before_);
    }
    ~StopSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_{};
};

ProcessEvent event(BootTime at, decltype(ProcessEvent::what) what) {
    return {{100, 50}, 10, ProcessRole::pop3, at, std::move(what)};
}

} // namespace

TEST_CASE("events that waited are stored before the daemon ends") {
    const StopSignalsBlocked blocked;
    FakeSource source;
    FakeStore store;
    source.events = {event(1s, ExecEvent{}), event(2s, TitleEvent{"[sue 192.0.2.7]"}),
                     event(3s, TitleEvent{"[sue 192.0.2.7 (deinit)]"}), event(4s, ExitEvent{})};
    source.wake();
    Daemon daemon(source, store, Tracker(1), 1ms);
    REQUIRE(daemon.run());
    REQUIRE(store.changes.size() == 2);
    const auto& began = std::get<SessionBegan>(store.changes[0]).session;
    const auto& ended = std::get<SessionEnded>(store.changes[1]).session;
    CHECK(began.user == "sue");
    CHECK(*ended.logout - ended.login == 1s);
    REQUIRE(store.status);
    CHECK(store.status->source == "fake");
    CHECK(store.status->last_event);
}

TEST_CASE("what the source lost is in the status") {
    const StopSignalsBlocked blocked;
    FakeSource source;
    FakeStore store;
    source.wake();
    REQUIRE(Daemon(source, store, Tracker(1), 1ms).run());
    REQUIRE(store.status);
    REQUIRE_FALSE(store.status->counters.empty());
    CHECK(store.status->counters[0].name == "titles lost");
    CHECK(store.status->counters[0].value == 7);
    CHECK(store.status->counters[0].is_loss);
}

TEST_CASE("open sessions of an earlier daemon end where their process is gone") {
    const StopSignalsBlocked blocked;
    FakeSource source;
    FakeStore store;
    Session open;
    open.id = 5;
    open.user = "old";
    open.process = {77, 700};
    Tracker tracker(6);
    tracker.restore(std::vector{open});
    source.wake();
    REQUIRE(Daemon(source, store, std::move(tracker), 1ms).run());
    REQUIRE(store.changes.size() == 1);
    const auto& ended = std::get<SessionEnded>(store.changes[0]).session;
    CHECK(ended.id == 5);
    CHECK(ended.end == End::lost);
    CHECK(ended.logout_estimated);
}

TEST_CASE("a store that stays unavailable to the end is an error that counts what is lost") {
    const StopSignalsBlocked blocked;
    FakeSource source;
    FakeStore store;
    store.error = Error{Error::Kind::unavailable, "disk full"};
    source.events = {event(1s, ExecEvent{}), event(2s, TitleEvent{"[sue 192.0.2.7]"})};
    source.wake();
    const auto result = Daemon(source, store, Tracker(1), 1ms).run();
    REQUIRE_FALSE(result);
    CHECK(result.error().message == "disk full; 1 changes could not be stored and are lost");
}
