// Counts mailboxes beside the exporter, which never waits for a file system.
#pragma once

#include "exporters/table/mailbox_counter.h"
#include "exporters/table/rate_limit.h"
#include "store/result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace dovewatch::table {

struct Mailbox {
    std::string user;
    std::int64_t version = 0; // the caller's own, handed back
    MailLocation location;
};

struct CountedMailbox {
    Mailbox mailbox;
    MailboxSize size;
    bool over_limit = false;
};

// Called by several threads, and by one that hung after the counter is gone.
struct CountingTime {
    std::function<RateLimit::Time()> now;
    std::function<void(std::chrono::nanoseconds)> sleep;
};

CountingTime system_counting_time();

struct CountingLimits {
    std::uint32_t files_per_second = RateLimit::unlimited;
    std::chrono::milliseconds time{60'000}; // per mailbox, without the waiting that the rate asks for
    std::size_t most_stuck = 4;             // threads that hang in a file system
};

// A thread counts the mailboxes of a batch one after another. Where a call to the file system does not come
// back within the time limit, the thread is left to itself (nothing can end it), its mailbox is unknown, and
// the rest of its batch is dropped; what it uses lives as long as it does. One thread at a time uses this
// object.
class BackgroundCounter {
  public:
    BackgroundCounter(std::shared_ptr<const MailFolders> folders, const CountingLimits& limits,
                      CountingTime time = system_counting_time());
    BackgroundCounter(const BackgroundCounter&) = delete;
    BackgroundCounter& operator=(const BackgroundCounter&) = delete;

    // Stops the counting, and waits a second for it.
    ~BackgroundCounter();

    // A batch is under way: its results are not all collected.
    bool busy() const { return batch_ != nullptr; }

    // How many threads hang. With `most_stuck` of them nothing more can be started.
    std::size_t stuck();
    bool stopped() { return stuck() >= limits_.most_stuck; }

    // Begins a batch; not while busy or stopped. Unavailable where the system gives no thread.
    [[nodiscard]] Result<void> start(std::vector<Mailbox> mailboxes);

    // What was counted since the last time. Never blocks.
    std::vector<CountedMailbox> collect();

    // Waits for the batch, in real time. False where it is not done then.
    bool wait(std::chrono::milliseconds limit);

  private:
    class Batch;
    class Pace;

    std::shared_ptr<const MailFolders> folders_;
    CountingLimits limits_;
    CountingTime time_;
    std::shared_ptr<Pace> pace_;
    std::shared_ptr<Batch> batch_;
    std::vector<std::shared_ptr<Batch>> stuck_;
};

// Counts one mailbox while the caller waits, at full speed, and little longer than the limit.
MailboxSize count_mailbox_within(const std::shared_ptr<const MailFolders>& folders,
                                 const MailLocation& location, std::chrono::milliseconds limit);

} // namespace dovewatch::table
