// A store in memory that fails when told to.
#pragma once

#include "store/writer.h"

#include <optional>
#include <span>
#include <vector>

namespace dovewatch::test {

class FakeStore : public ChangeStore {
  public:
    Result<void> commit(std::span<const SessionChange> batch, const Checkpoint& reached) override {
        if (error) {
            return tl::make_unexpected(*error);
        }
        commits++;
        checkpoint = reached;
        changes.insert(changes.end(), batch.begin(), batch.end());
        return {};
    }

    Result<void> commit_status(const DaemonStatus& written) override {
        if (error) {
            return tl::make_unexpected(*error);
        }
        status = written;
        return {};
    }

    std::optional<Error> error; // what every call returns while it is set
    std::vector<SessionChange> changes;
    std::optional<Checkpoint> checkpoint;
    std::optional<DaemonStatus> status;
    int commits = 0;
};

} // namespace dovewatch::test
