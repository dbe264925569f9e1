// The daemon's loop: source -> tracker -> store.
#pragma once

#include "monitor/recorder.h"
#include "monitor/source.h"
#include "monitor/tracker.h"
#include "store/unique_fd.h"

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

namespace dovewatch {

struct DaemonSetup {
    std::string boot_id;                         // of the running kernel
    std::chrono::milliseconds commit_interval{}; // how long the first event of a batch waits for others
    Classifier classifier;
    RetentionPolicy retention;
    // Between two looks at what only time or a loss can tell, while something happens.
    std::chrono::nanoseconds status_interval = std::chrono::seconds(2);
};

// The signals that end the daemon: SIGTERM and SIGINT for good, SIGHUP to make room for a successor. Who
// starts it with SIGHUP ignored, as nohup(1) does, wants no end by it.
sigset_t daemon_signals();

// In this thread and those that it starts from now on.
void block_daemon_signals();

// Runs in the thread that calls `run`. The daemon's signals must be blocked in every thread before; they are
// taken from a signalfd.
class Daemon {
  public:
    // `source` and `store` must outlive the daemon.
    Daemon(Source& source, ChangeStore& store, DaemonSetup setup);

    // Goes on where an earlier daemon stood: with its open sessions, or without them where the machine has
    // been booted since. Before `run`; `open_sessions` as the store gives them.
    void resume(std::int64_t next_session_id, const std::vector<Session>& open_sessions,
                const std::optional<Checkpoint>& checkpoint);

    // Adopts what runs, says READY=1 to systemd, stores what happens until a signal ends it, then drains the
    // source, stores the rest and retires the source, unless SIGHUP alone asked for the end: then the source
    // goes on collecting for a successor. An error ends it early; what was stored stays stored.
    [[nodiscard]] Result<void> run();

  private:
    [[nodiscard]] Result<void> open_fds();
    [[nodiscard]] Result<void> begin();
    [[nodiscard]] Result<void> loop();
    [[nodiscard]] Result<void> end();
    [[nodiscard]] Result<void> handle(int fd);
    void take_signals();
    [[nodiscard]] Result<void> attend();
    [[nodiscard]] Result<void> drain_and_store();
    [[nodiscard]] Result<void> store_pending();
    [[nodiscard]] Result<void> store_status();
    [[nodiscard]] Result<void> look_after_time();
    [[nodiscard]] Result<void> retain();
    [[nodiscard]] Result<void> sweep();
    void end_before_boot(const std::vector<Session>& sessions, UtcTime last_seen);
    Checkpoint checkpoint() const;
    void commit_soon();
    void take(const ProcessEvent& event);
    void read_utc_offset();
    UtcTime utc(BootTime at) const;
    DaemonStatus status() const;

    Source& source_;
    ChangeStore& store_;
    DaemonSetup setup_;
    Tracker tracker_;
    Recorder recorder_;
    EventSink sink_;
    UniqueFd epoll_;
    UniqueFd signals_;
    UniqueFd commit_timer_;
    UniqueFd status_timer_;
    UniqueFd retention_timer_;
    UtcTime started_{};
    std::chrono::microseconds utc_offset_{};
    std::optional<UtcTime> last_event_;
    BootTime last_sweep_{};
    std::uint64_t lost_at_sweep_ = 0;
    std::uint64_t sweeps_ = 0;
    bool stopping_ = false;
    bool retiring_ = false; // with the end
    bool store_failing_ = false;
    bool events_since_status_ = false;
};

} // namespace dovewatch
