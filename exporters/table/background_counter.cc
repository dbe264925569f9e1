#include "exporters/table/background_counter.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace dovewatch::table {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds last_wait{1000};  // for a thread that is to stop
constexpr milliseconds stop_check{50};   // while it waits
constexpr milliseconds hang_grace{1000}; // a thread that is slow alone ends its count by itself

MailboxSize over_time_limit() {
    return {{}, {}, "not counted within the time limit"};
}

} // namespace

// The rate, which holds across batches.
class BackgroundCounter::Pace {
  public:
    explicit Pace(std::uint32_t per_second) : limit_(per_second) {}

    nanoseconds take(RateLimit::Time now) {
        const std::lock_guard lock(mutex_);
        return limit_.take(now);
    }

  private:
    std::mutex mutex_;
    RateLimit limit_;
};

// What the thread and its starter share.
class BackgroundCounter::Batch {
  public:
    Batch(std::vector<Mailbox> mailboxes, CountingTime time, milliseconds limit, std::shared_ptr<Pace> pace)
        : time_(std::move(time)), limit_(limit), pace_(std::move(pace)),
          queue_(std::make_move_iterator(mailboxes.begin()), std::make_move_iterator(mailboxes.end())) {
        begin();
    }

    // The thread's side.

    void run(const MailFolders& folders) {
        while (const auto location = next()) {
            done(count_mailbox(folders, *location, [this] { return go_on(); }));
        }
    }

    // The starter's side.

    struct Collected {
        std::vector<CountedMailbox> counted;
        bool over = false; // nothing more will come
        bool hangs = false;
    };

    Collected collect() {
        const std::lock_guard lock(mutex_);
        Collected collected{std::exchange(counted_, {}), queue_.empty(), false};
        if (!queue_.empty() && elapsed() > limit_ + hang_grace) {
            abandoned_ = true;
            collected.counted.push_back({queue_.front(), over_time_limit(), true});
            collected.over = collected.hangs = true;
        }
        return collected;
    }

    bool finished() const {
        const std::lock_guard lock(mutex_);
        return queue_.empty();
    }

    void abandon() { abandoned_ = true; }

    bool wait(milliseconds limit) {
        std::unique_lock lock(mutex_);
        return finished_.wait_for(lock, limit, [this] { return queue_.empty(); });
    }

  private:
    void begin() {
        began_ = time_.now();
        waited_ = nanoseconds{0};
        over_limit_ = false;
    }

    nanoseconds elapsed() const { return time_.now() - began_ - waited_; }

    std::optional<MailLocation> next() {
        const std::lock_guard lock(mutex_);
        if (abandoned_) {
            queue_.clear();
        }
        if (queue_.empty()) {
            finished_.notify_all();
            return std::nullopt;
        }
        begin();
        return queue_.front().location;
    }

    void done(MailboxSize size) {
        const std::lock_guard lock(mutex_);
        counted_.push_back({std::move(queue_.front()), std::move(size), over_limit_});
        queue_.pop_front();
    }

    bool go_on() {
        const auto wait = allowed();
        pause(wait.value_or(nanoseconds{0}));
        return wait && !abandoned_;
    }

    // How long to wait for the next file. No value where the time is up.
    std::optional<nanoseconds> allowed() {
        const nanoseconds wait = pace_->take(time_.now());
        const std::lock_guard lock(mutex_);
        over_limit_ = elapsed() > limit_;
        waited_ += wait;
        return over_limit_ ? std::nullopt : std::optional(wait);
    }

    void pause(nanoseconds wait) const {
        while (wait > nanoseconds{0} && !abandoned_) {
            const nanoseconds step = std::min<nanoseconds>(wait, stop_check);
            time_.sleep(step);
            wait -= step;
        }
    }

    CountingTime time_;
    milliseconds limit_;
    std::shared_ptr<Pace> pace_;
    std::atomic<bool> abandoned_ = false;

    mutable std::mutex mutex_; // of all below
    std::condition_variable finished_;
    std::deque<Mailbox> queue_; // the first is being counted
    std::vector<CountedMailbox> counted_;
    RateLimit::Time began_{};
    nanoseconds waited_{0};
    bool over_limit_ = false;
};

CountingTime system_counting_time() {
    return {[] { return std::chrono::steady_clock::now(); },
            [](nanoseconds time) { std::this_thread::sleep_for(time); }};
}

BackgroundCounter::BackgroundCounter(std::shared_ptr<const MailFolders> folders, const CountingLimits& limits,
                                     CountingTime time)
    : folders_(std::move(folders)), limits_(limits), time_(std::move(time)),
      pace_(std::make_shared<Pace>(limits.files_per_second)) {}

BackgroundCounter::~BackgroundCounter() {
    if (batch_) {
        batch_->abandon();
        batch_->wait(last_wait);
    }
}

std::size_t BackgroundCounter::stuck() {
    std::erase_if(stuck_, [](const auto& batch) { return batch->finished(); });
    return stuck_.size();
}

Result<void> BackgroundCounter::start(std::vector<Mailbox> mailboxes) {
    auto batch = std::make_shared<Batch>(std::move(mailboxes), time_, limits_.time, pace_);
    try {
        std::thread([batch, folders = folders_] { batch->run(*folders); }).detach();
    } catch (const std::system_error& error) {
        return unavailable(fmt::format("no thread to count mailboxes: {}", error.what()));
    }
    batch_ = std::move(batch);
    return {};
}

std::vector<CountedMailbox> BackgroundCounter::collect() {
    if (!batch_) {
        return {};
    }
    auto collected = batch_->collect();
    if (collected.hangs) {
        stuck_.push_back(batch_);
    }
    if (collected.over) {
        batch_.reset();
    }
    return std::move(collected.counted);
}

bool BackgroundCounter::wait(milliseconds limit) {
    return !batch_ || batch_->wait(limit);
}

MailboxSize count_mailbox_within(const std::shared_ptr<const MailFolders>& folders,
                                 const MailLocation& location, milliseconds limit) {
    CountingLimits limits;
    limits.time = limit;
    BackgroundCounter counter(folders, limits);
    if (auto started = counter.start({{{}, 0, location}}); !started) {
        return {{}, {}, started.error().message};
    }
    counter.wait(limit);
    auto counted = counter.collect();
    return counted.empty() ? over_time_limit() : std::move(counted.front().size);
}

} // namespace dovewatch::table
