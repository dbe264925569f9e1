// The daemon's loop: source -> tracker -> store.
#pragma once

#include "monitor/recorder.h"
#include "monitor/source.h"
#include "monitor/tracker.h"
#include "monitor/unique_fd.h"

#include <chrono>
#include <optional>

namespace dovewatch {

// Runs in the thread that calls `run`. SIGTERM and SIGINT must be blocked in every thread before; they are
// taken from a signalfd.
class Daemon {
  public:
    // `commit_interval`: how long the first event of a batch may wait for others before all are stored.
    // `source` and `store` must outlive the daemon.
    Daemon(Source& source, ChangeStore& store, Tracker tracker, std::chrono::milliseconds commit_interval);

    // Adopts what runs, says READY=1 to systemd, stores what happens until SIGTERM or SIGINT, then drains
    // the source and stores the rest. An error ends it early; what was stored stays stored.
    [[nodiscard]] Result<void> run();

  private:
    [[nodiscard]] Result<void> open_fds();
    [[nodiscard]] Result<void> begin();
    [[nodiscard]] Result<void> loop();
    [[nodiscard]] Result<void> end();
    [[nodiscard]] Result<void> handle(int fd);
    [[nodiscard]] Result<void> drain_and_store();
    [[nodiscard]] Result<void> store_pending();
    [[nodiscard]] Result<void> store_status();
    [[nodiscard]] Result<void> look_after_time();
    void take(const ProcessEvent& event);
    DaemonStatus status() const;

    Source& source_;
    ChangeStore& store_;
    Tracker tracker_;
    Recorder recorder_;
    std::chrono::milliseconds commit_interval_;
    EventSink sink_;
    UniqueFd epoll_;
    UniqueFd signals_;
    UniqueFd commit_timer_;
    UniqueFd status_timer_;
    UtcTime started_{};
    std::chrono::microseconds utc_offset_{};
    std::optional<UtcTime> last_event_;
    bool stopping_ = false;
    bool store_failing_ = false;
    bool events_since_status_ = false;
};

} // namespace dovewatch
