#include "monitor/recorder.h"

namespace dovewatch {

Recorder::Recorder(ChangeStore& store, std::size_t limit) : store_(store), limit_(limit) {}

Result<void> Recorder::flush(const Checkpoint& checkpoint) {
    if (pending_.empty() && checkpoint.tracker == stored_memory_) {
        return {};
    }
    auto stored = store_.commit(pending_, checkpoint);
    if (!stored) {
        failures_++;
        drop_oldest();
        return stored;
    }
    commits_++;
    changes_ += pending_.size();
    pending_.clear();
    stored_memory_ = checkpoint.tracker;
    return {};
}

void Recorder::drop_oldest() {
    if (pending_.size() <= limit_) {
        return;
    }
    const auto surplus = pending_.size() - limit_;
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(surplus));
    dropped_ += surplus;
}

std::vector<Counter> Recorder::counters() const {
    return {
        {"store", "commits", commits_, false},
        {"store", "changes stored", changes_, false},
        {"store", "changes waiting", pending_.size(), false},
        {"store", "commits failed", failures_, false},
        {"store", "changes dropped, store unavailable", dropped_, true},
    };
}

} // namespace dovewatch
