#include "monitor/failover_source.h"

#include "monitor/probe_counters.h"
#include "store/log.h"
#include "store/unique_fd.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <sys/epoll.h>

namespace dovewatch {

namespace {

// The descriptors that the caller waits for stay the same; these hold those of the source in use.
Result<void> replace(UniqueFd& epoll, int fd) {
    if (!epoll) {
        epoll = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
    }
    epoll_event event{};
    event.events = EPOLLIN;
    if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        return failed(fmt::format("cannot wait for events: {}", std::strerror(errno)));
    }
    return {};
}

class FailoverSource final : public Source {
  public:
    FailoverSource(std::unique_ptr<Source> first, StartSource start_second)
        : source_(std::move(first)), start_second_(std::move(start_second)) {}

    Result<void> watch() {
        return replace(events_, source_->events_fd()).and_then([&] {
            return replace(control_, source_->control_fd());
        });
    }

    std::string_view name() const override { return source_->name(); }
    int events_fd() const override { return events_.get(); }
    int control_fd() const override { return control_.get(); }
    void release() override { source_->release(); }
    std::optional<SourcePosition> position() const override { return source_->position(); }
    void resume(const SourcePosition& stored) override { source_->resume(stored); }
    Result<void> retire() override { return source_->retire(); }
    std::uint64_t lost() const override { return lost_before_ + failovers_ + source_->lost(); }

    Result<void> drain(const EventSink& sink) override {
        auto drained = source_->drain(sink);
        return drained ? drained : fail_over(drained.error());
    }

    Result<void> attend(const EventSink& sink) override {
        auto attended = source_->attend(sink);
        return attended ? attended : fail_over(attended.error());
    }

    Result<std::vector<ProcessKey>> sweep(const EventSink& sink) override {
        auto swept = source_->sweep(sink);
        if (swept) {
            return swept;
        }
        return fail_over(swept.error()).and_then([&] { return source_->sweep(sink); });
    }

    std::vector<Counter> counters() const override {
        auto counters = source_->counters();
        add_losses(counters, losses_before_);
        counters.push_back({"monitor", "sources that failed and were replaced", failovers_, true});
        return counters;
    }

  private:
    Result<void> fail_over(const Error& cause) {
        if (!start_second_ || cause.kind == Error::Kind::unavailable) {
            return tl::make_unexpected(cause);
        }
        auto second = std::exchange(start_second_, nullptr)();
        if (!second) {
            return failed(fmt::format("{}; {}", cause.message, second.error().message));
        }
        log(Severity::error, fmt::format("{}. {}", cause.message, going_on_by_polling));
        lost_before_ = source_->lost();
        losses_before_ = source_->counters();
        failovers_++;
        if (auto retired = source_->retire(); !retired) {
            log(Severity::warning, retired.error().message);
        }
        source_ =
            std::move(*second); // closes the first one's descriptors, which takes them out of the epolls
        return watch();
    }

    std::unique_ptr<Source> source_;
    StartSource start_second_; // none once it was used
    UniqueFd events_;
    UniqueFd control_;
    std::uint64_t lost_before_ = 0;
    std::vector<Counter> losses_before_; // and other counters, of the first source
    std::uint64_t failovers_ = 0;
};

} // namespace

Result<std::unique_ptr<Source>> make_failover_source(std::unique_ptr<Source> first,
                                                     StartSource start_second) {
    auto source = std::make_unique<FailoverSource>(std::move(first), std::move(start_second));
    if (auto watched = source->watch(); !watched) {
        return tl::make_unexpected(watched.error());
    }
    return source;
}

} // namespace dovewatch
