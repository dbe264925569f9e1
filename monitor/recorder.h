// From session changes to the store, also where the store fails for a while.
#pragma once

#include "store/model.h"
#include "store/result.h"
#include "store/writer.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace dovewatch {

// Keeps changes until they are stored. While the store is unavailable they gather, up to a limit; beyond it
// the oldest are dropped and counted. Not thread-safe.
class Recorder {
  public:
    // `store` must outlive the recorder. `limit`: changes kept while the store is unavailable.
    explicit Recorder(ChangeStore& store, std::size_t limit = 200'000);

    // Where new changes are appended.
    std::vector<SessionChange>& pending() { return pending_; }

    // Stores what is pending. Error::Kind::unavailable: it stays pending, try again later. Any other error:
    // it stays pending too, but trying again is of no use.
    // Nothing is written where there are no changes and the tracker's memory is as before: events that
    // changed neither may as well come again.
    [[nodiscard]] Result<void> flush(const Checkpoint& checkpoint);

    std::vector<Counter> counters() const;

  private:
    void drop_oldest();

    ChangeStore& store_;
    std::size_t limit_;
    std::vector<SessionChange> pending_;
    std::string stored_memory_;
    std::uint64_t commits_ = 0;
    std::uint64_t changes_ = 0;
    std::uint64_t failures_ = 0;
    std::uint64_t dropped_ = 0;
};

} // namespace dovewatch
