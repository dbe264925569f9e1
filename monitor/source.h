// Where process events come from.
#pragma once

#include "monitor/process_event.h"
#include "store/model.h"
#include "store/result.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace dovewatch {

using EventSink = std::function<void(const ProcessEvent&)>;

// Not thread-safe: one thread calls everything. A source that drops events must count them.
class Source {
  public:
    virtual ~Source() = default;

    // As in DaemonStatus::source.
    [[nodiscard]] virtual std::string_view name() const = 0;

    // Readable when events wait. They keep until `drain`, so the caller may let more of them gather.
    [[nodiscard]] virtual int events_fd() const = 0;

    // Readable when the source itself wants `attend` called, at once.
    [[nodiscard]] virtual int control_fd() const = 0;

    // Hands all waiting events to `sink`, those of one process in order.
    [[nodiscard]] virtual Result<void> drain(const EventSink& sink) = 0;

    // What was drained is stored and need not be kept for a successor.
    virtual void release() = 0;

    // Sees to what `control_fd` told, such as new Dovecot masters.
    [[nodiscard]] virtual Result<void> attend(const EventSink& sink) = 0;

    // Drains, then looks at all processes of Dovecot: tells which there are and which titles they show. For
    // the first look, and after a loss. Returns what runs, for Tracker::retain: also a session whose master
    // is gone, and dovecot-lda, which has none. Unavailable: to be tried again.
    [[nodiscard]] virtual Result<std::vector<ProcessKey>> sweep(const EventSink& sink) = 0;

    // How far `drain` has come, for a successor that begins there. No value where events do not outlive the
    // source.
    [[nodiscard]] virtual std::optional<SourcePosition> position() const = 0;

    // Passes over what a predecessor has stored. Before the first `drain`.
    virtual void resume(const SourcePosition& stored) = 0;

    // Leaves nothing behind in the kernel for a successor.
    [[nodiscard]] virtual Result<void> retire() = 0;

    // Events that were dropped so far, wherever. When it grows, a sweep is due.
    [[nodiscard]] virtual std::uint64_t lost() const = 0;

    [[nodiscard]] virtual std::vector<Counter> counters() const = 0;
};

} // namespace dovewatch
