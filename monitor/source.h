// Where process events come from.
#pragma once

#include "monitor/process_event.h"
#include "store/model.h"
#include "store/result.h"

#include <functional>
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

    // Takes up new Dovecot masters. What it finds there goes to `sink`, after what `drain` would have given.
    [[nodiscard]] virtual Result<void> attend(const EventSink& sink) = 0;

    // The processes of Dovecot that run now, for Tracker::retain.
    [[nodiscard]] virtual Result<std::vector<ProcessKey>> running() const = 0;

    [[nodiscard]] virtual std::vector<Counter> counters() const = 0;
};

} // namespace dovewatch
