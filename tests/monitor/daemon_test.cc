#include "monitor/daemon.h"
#include "tests/monitor/fake_store.h"

#include <csignal>
#include <deque>

#include <catch2/catch.hpp>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

using namespace dovewatch;
using dovewatch::test::FakeStore;
using namespace std::chrono_literals;

namespace {

// Events from a list. Once all were drained it stops the daemon by its signals.
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
        losses += losses_in_drain;
        if (losses == 0 && !std::exchange(stopped_, true)) {
            for (const int signal : stop_by) {
                raise(signal);
            }
        }
        return {};
    }

    void release() override { released = true; }

    Result<void> attend(const EventSink& /*sink*/) override { return {}; }
    Result<std::vector<ProcessKey>> sweep(const EventSink& sink) override {
        if (++sweeps == 2) {
            raise(SIGTERM);
        }
        for (const auto& event : adopted) {
            sink(event);
        }
        adopted.clear();
        if (sweeps == fails_in_sweep) {
            return unavailable("too many open files");
        }
        return running_now;
    }
    std::optional<SourcePosition> position() const override { return SourcePosition{"fake", 42}; }
    void resume(const SourcePosition& stored) override { resumed = stored; }
    Result<void> retire() override {
        retired = true;
        return {};
    }
    std::uint64_t lost() const override { return losses; }
    std::vector<Counter> counters() const override { return {{"kernel", "titles lost", 7, true}}; }

    void wake() { eventfd_write(events_.get(), 1); }

    std::vector<int> stop_by{SIGTERM};
    std::deque<ProcessEvent> events;
    std::vector<ProcessEvent> adopted;
    std::vector<ProcessKey> running_now;
    std::optional<SourcePosition> resumed;
    std::uint64_t losses = 0;
    std::uint64_t losses_in_drain = 0;
    int sweeps = 0;
    int fails_in_sweep = 0;
    bool released = false;
    bool retired = false;

  private:
    bool stopped_ = false;
    UniqueFd events_{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    UniqueFd control_{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
};

// Looks around every millisecond, and 20 times finds nothing.
class PollingSource : public FakeSource {
  public:
    PollingSource() {
        stop_by.clear();
        const itimerspec when{{0, 1'000'000}, {0, 1'000'000}};
        timerfd_settime(timer_.get(), 0, &when, nullptr);
    }
    int control_fd() const override { return timer_.get(); }
    Result<void> attend(const EventSink& sink) override {
        std::uint64_t expirations = 0;
        [[maybe_unused]] const auto got = read(timer_.get(), &expirations, sizeof(expirations));
        polls++;
        if (polls == finds_at) {
            sink({{100, 50}, 10, ProcessRole::pop3, false, 1s, ExecEvent{}});
        }
        losses += polls == loses_at ? 1 : 0;
        if (polls == 20) {
            raise(SIGTERM);
        }
        return {};
    }

    int finds_at = 0;
    int loses_at = 0;
    int polls = 0;

  private:
    UniqueFd timer_{timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)};
};

class StopSignalsBlocked {
  public:
    StopSignalsBlocked() {
        pthread_sigmask(SIG_BLOCK, nullptr, &before_);
        block_daemon_signals();
    }
    ~StopSignalsBlocked() {
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        signal(SIGHUP, hangup_before_);
    }

  private:
    sigset_t before_{};
    sighandler_t hangup_before_ = signal(SIGHUP, SIG_DFL); // the tests may run below nohup
};

ProcessEvent event(BootTime at, decltype(ProcessEvent::what) what) {
    return {{100, 50}, 10, ProcessRole::pop3, false, at, std::move(what)};
}

DaemonSetup setup() {
    return {"this boot", 1ms, Classifier(), {}, 1ms};
}

} // namespace

TEST_CASE("events that waited are stored before the daemon ends") {
    const StopSignalsBlocked blocked;
    FakeSource source;
    FakeStore store;
    source.events = {event(1s, ExecEvent{}), event(2s, TitleEvent{"[sue 192.0.2.7]"}),
                     event(3s, TitleEvent{"[sue 192.0.2.7 (deinit)]"}), event(4s, ExitEvent{})};
    source.wake();
    Daemon daemon(source, store, setup());
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
    REQUIRE(Daemon(source, store, setup()).run());
    REQUIRE(store.status);
    REQUIRE_FALSE(store.status->counters.empty());
    CHECK(store.status->counters[0].name == "titles lost");
    CHECK(store.status->counters[0].value == 7);
    CHECK(store.status->counters[0].is_loss);
}

TEST_CASE("a loss is followed by a sweep") {
    const StopSignalsBlocked blocked;
    FakeSource source;
    FakeStore store;
    source.losses_in_drain = 3;
    source.wake();
    REQUIRE(Daemon(source, store, setup()).run());
    CHECK(source.sweeps == 2);
}

TEST_CASE("nothing is written while a source that polls finds nothing") {
    const StopSignalsBlocked blocked;
    PollingSource source;
    FakeStore store;
    REQUIRE(Daemon(source, store, setup()).run());
    CHECK(source.polls == 20);
    CHECK(store.status_commits == 2); // at the start and at the end
    CHECK(store.commits == 0);
}

TEST_CASE("what a source that polls finds is in the status") {
    const StopSignalsBlocked blocked;
    PollingSource source;
    FakeStore store;
    source.finds_at = 3;
    REQUIRE(Daemon(source, store, setup()).run());
    CHECK(store.status_commits > 2);
    CHECK(store.status_commits < 10);
    REQUIRE(store.status);
    CHECK(store.status->last_event);
}

TEST_CASE("a loss that a source that polls counts is followed by a sweep") {
    const StopSignalsBlocked blocked;
    PollingSource source;
    FakeStore store;
    source.loses_at = 3;
    REQUIRE(Daemon(source, store, setup()).run());
    CHECK(source.sweeps == 2);
}

TEST_CASE("open sessions of an earlier daemon end where their process is gone") {
    const StopSignalsBlocked blocked;
    FakeSource source;
    FakeStore store;
    Session open;
    open.id = 5;
    open.user = "old";
    open.process = {77, 700};
    Daemon daemon(source, store, setup());
    daemon.resume(6, {open}, Checkpoint{"this boot", {}, {}, {}});
    source.wake();
    REQUIRE(daemon.run());
    REQUIRE(store.changes.size() == 1);
    const auto& ended = std::get<SessionEnded>(store.changes[0]).session;
    CHECK(ended.id == 5);
    CHECK(ended.end == End::lost);
    CHECK(ended.logout_estimated);
}

TEST_CASE("a later look at the processes that fails for now ends neither the daemon nor a session") {
    const StopSignalsBlocked blocked;
    PollingSource source;
    FakeStore store;
    source.loses_at = 3;
    source.fails_in_sweep = GENERATE(1, 2);
    source.adopted = {{{77, 700}, 10, ProcessRole::pop3, false, 1s, ExecEvent{true, {}}},
                      {{77, 700}, 10, ProcessRole::pop3, false, 1s, TitleEvent{"[u 1.2.3.4]", true}}};
    source.running_now = {{77, 700}};
    CHECK(Daemon(source, store, setup()).run().has_value() == (source.fails_in_sweep == 2));
    CHECK(store.changes.size() == (source.fails_in_sweep == 2 ? 1 : 0));
}

TEST_CASE("a store that stays unavailable to the end is an error that counts what is lost") {
    const StopSignalsBlocked blocked;
    FakeSource source;
    FakeStore store;
    store.error = Error{Error::Kind::unavailable, "disk full"};
    source.events = {event(1s, ExecEvent{}), event(2s, TitleEvent{"[sue 192.0.2.7]"})};
    source.wake();
    const auto result = Daemon(source, store, setup()).run();
    REQUIRE_FALSE(result);
    CHECK(result.error().message == "disk full; 1 changes could not be stored and are lost");
}

TEST_CASE("a daemon that is stopped leaves a checkpoint and nothing in the kernel") {
    const StopSignalsBlocked blocked;
    FakeSource source;
    FakeStore store;
    source.events = {event(1s, ExecEvent{}), event(2s, TitleEvent{"[sue 192.0.2.7]"})};
    source.wake();
    REQUIRE(Daemon(source, store, setup()).run());
    REQUIRE(store.checkpoint);
    CHECK(store.checkpoint->boot_id == "this boot");
    CHECK(store.checkpoint->position == SourcePosition{"fake", 42});
    CHECK(source.released);
    CHECK(source.retired);
}

TEST_CASE("a daemon that makes room for a successor leaves a checkpoint and the source as it is") {
    const StopSignalsBlocked blocked;
    FakeSource source;
    FakeStore store;
    source.events = {event(1s, ExecEvent{}), event(2s, TitleEvent{"[sue 192.0.2.7]"})};
    source.stop_by = {SIGHUP};
    source.wake();
    REQUIRE(Daemon(source, store, setup()).run());
    CHECK(store.changes.size() == 1);
    REQUIRE(store.checkpoint);
    CHECK(store.checkpoint->position == SourcePosition{"fake", 42});
    CHECK(source.released);
    CHECK_FALSE(source.retired);
}

TEST_CASE("a daemon that is stopped and hung up at once leaves nothing in the kernel") {
    const StopSignalsBlocked blocked;
    FakeSource source;
    FakeStore store;
    source.stop_by = {SIGHUP, SIGTERM};
    source.wake();
    REQUIRE(Daemon(source, store, setup()).run());
    CHECK(source.retired);
}

TEST_CASE("a daemon below nohup is not ended by SIGHUP") {
    const auto before = signal(SIGHUP, SIG_IGN);
    const sigset_t signals = daemon_signals();
    signal(SIGHUP, before);
    CHECK(sigismember(&signals, SIGHUP) == 0);
    CHECK(sigismember(&signals, SIGTERM) == 1);
}

TEST_CASE("a daemon goes on at the position that was stored last") {
    const StopSignalsBlocked blocked;
    FakeSource source;
    FakeStore store;
    Daemon daemon(source, store, setup());
    daemon.resume(1, {}, Checkpoint{"this boot", {}, {"fake", 7}, {}});
    source.wake();
    REQUIRE(daemon.run());
    CHECK(source.resumed == SourcePosition{"fake", 7});
}

TEST_CASE("after a reboot open sessions end when they were last known of, and nothing else is taken up") {
    const StopSignalsBlocked blocked;
    FakeSource source;
    FakeStore store;
    Session open;
    open.id = 5;
    open.process = {100, 50};
    open.login = UtcTime(10s);
    Daemon daemon(source, store, setup());
    daemon.resume(6, {open}, Checkpoint{"another boot", UtcTime(25s), {"fake", 7}, {}});
    source.wake();
    REQUIRE(daemon.run());
    REQUIRE(store.changes.size() == 1);
    const auto& ended = std::get<SessionEnded>(store.changes[0]).session;
    CHECK(ended.logout == UtcTime(25s));
    CHECK(ended.logout_estimated);
    CHECK(ended.end == End::lost);
    CHECK_FALSE(source.resumed);
}

TEST_CASE("what is no longer kept is removed in steps, and events go on between them") {
    const StopSignalsBlocked blocked;
    FakeSource source;
    FakeStore store;
    store.retention_steps_wanted = 3;
    store.on_retention_end = [&] { source.wake(); };
    source.events = {event(1s, ExecEvent{}), event(2s, TitleEvent{"[sue 192.0.2.7]"})};
    auto keeping = setup();
    keeping.retention.keep_rows = std::chrono::days(1);
    REQUIRE(Daemon(source, store, keeping).run());
    CHECK(store.retention_steps == 3);
    CHECK(store.changes.size() == 1);
}

TEST_CASE("sessions of a configured network are of its class, ignored ones are counted") {
    const StopSignalsBlocked blocked;
    FakeSource source;
    FakeStore store;
    auto webmail = parse_service_class("pop3 192.0.2.0/24").value();
    webmail.name = "webmail";
    source.events = {event(1s, ExecEvent{}), event(2s, TitleEvent{"[sue 192.0.2.7]"}),
                     event(3s, TitleEvent{"[idling]"}), event(4s, TitleEvent{"[check 198.51.100.1]"}),
                     event(5s, TitleEvent{"[idling]"})};
    source.wake();
    const Classifier classifier({webmail}, parse_networks("198.51.100.1").value());
    REQUIRE(Daemon(source, store, {"this boot", 1ms, classifier, {}}).run());
    REQUIRE(store.changes.size() == 2);
    CHECK(std::get<SessionBegan>(store.changes[0]).session.service_class == "webmail");
    REQUIRE(store.status);
    const auto& counters = store.status->counters;
    const auto ignored = std::find_if(counters.begin(), counters.end(), [](const Counter& counter) {
        return counter.name == "sessions and deliveries ignored";
    });
    REQUIRE(ignored != counters.end());
    CHECK(ignored->value == 1);
}
