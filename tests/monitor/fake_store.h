// A store in memory that fails when told to.
#pragma once

#include "store/writer.h"

#include <functional>
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

    Result<bool> retain(const RetentionPolicy& /*policy*/, UtcTime /*now*/) override {
        const bool more = ++retention_steps < retention_steps_wanted;
        if (!more && on_retention_end) {
            on_retention_end();
        }
        return more;
    }

    Result<void> commit_status(const DaemonStatus& written) override {
        if (error) {
            return tl::make_unexpected(*error);
        }
        status = written;
        status_commits++;
        return {};
    }

    std::optional<Error> error; // what every call returns while it is set
    std::vector<SessionChange> changes;
    std::optional<Checkpoint> checkpoint;
    std::optional<DaemonStatus> status;
    int commits = 0;
    int status_commits = 0;
    std::function<void()> on_retention_end;
    int retention_steps = 0;
    int retention_steps_wanted = 0;
};

} // namespace dovewatch::test
