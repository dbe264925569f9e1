#pragma once

#include "store/reader.h"

#include <utility>

namespace dovewatch::terminal {

// Stands for a database that cannot be opened: every call gives its error.
class NoDatabase : public Reader {
  public:
    explicit NoDatabase(Error error) : error_(std::move(error)) {}

    Result<void> online(const SessionFilter& /*filter*/,
                        const std::function<bool(const Session&)>& /*row*/) const override {
        return tl::make_unexpected(error_);
    }
    Result<void> activity(const ActivityQuery& /*query*/,
                          const std::function<bool(const Activity&)>& /*row*/) const override {
        return tl::make_unexpected(error_);
    }
    Result<void> last_logins(const std::optional<std::string>& /*user_glob*/,
                             const std::function<bool(const LastLogin&)>& /*row*/) const override {
        return tl::make_unexpected(error_);
    }
    Result<void> inactive(const InactiveQuery& /*query*/,
                          const std::function<bool(const LastLogin&)>& /*row*/) const override {
        return tl::make_unexpected(error_);
    }
    Result<std::vector<StoreChange>> changes(std::int64_t /*after*/, std::size_t /*limit*/) const override {
        return tl::make_unexpected(error_);
    }
    Result<Backlog> backlog(std::int64_t /*after*/) const override { return tl::make_unexpected(error_); }
    Result<void> summaries(const std::function<bool(const DaySummary&)>& /*row*/) const override {
        return tl::make_unexpected(error_);
    }
    Result<std::int64_t> newest_change() const override { return tl::make_unexpected(error_); }
    Result<std::string> identity() const override { return tl::make_unexpected(error_); }
    Result<StoreStatus> status() const override { return tl::make_unexpected(error_); }

  private:
    Error error_;
};

} // namespace dovewatch::terminal
