#include "exporters/exporter_loop.h"

#include "exporters/backoff.h"
#include "exporters/store_watch.h"
#include "store/database_error.h"
#include "store/log.h"

#include <algorithm>
#include <array>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <poll.h>

namespace dovewatch {
namespace {

using namespace std::chrono_literals;
using Clock = Exporter::Clock;

constexpr auto gathering = 50ms;    // what comes within it is taken in together
constexpr auto safety_look = 30s;   // where the file system told nothing
constexpr int deaf = -1;            // in place of a descriptor: nothing is listened to
constexpr auto counters_every = 1s; // at most

// What an exporter works with while its database can be reached.
struct Workplace {
    std::unique_ptr<Reader> reader;
    SQLite::Database state;
    StoreWatch watch;
    Conveyor conveyor;

    Workplace(Exporter& exporter, std::unique_ptr<Reader> store, SQLite::Database opened, StoreWatch watched,
              const std::filesystem::path& state_file)
        : reader(std::move(store)), state(std::move(opened)), watch(std::move(watched)),
          conveyor(exporter, *reader, state, state_file) {}
};

struct Store {
    StoreWatch watch;
    std::unique_ptr<Reader> reader;
};

Result<Store> open_store(const std::filesystem::path& database) {
    return StoreWatch::open(database).and_then([&](StoreWatch watch) {
        return Reader::open(database).map([&](std::unique_ptr<Reader> reader) {
            return Store{std::move(watch), std::move(reader)};
        });
    });
}

// What fails is noted in the state, for those who ask how the exporter is doing.
Result<std::unique_ptr<Workplace>> open_workplace(Exporter& exporter, const ExporterPlace& place) {
    auto state = open_export_state(place.state);
    if (!state) {
        return tl::make_unexpected(state.error());
    }
    auto store = open_store(place.database);
    if (!store) {
        [[maybe_unused]] const auto noted = guarded(place.state, [&] {
            ExporterRow(*state, std::string(exporter.name())).count_failure(store.error().message);
        });
        return tl::make_unexpected(store.error());
    }
    auto workplace = std::make_unique<Workplace>(exporter, std::move(store->reader), std::move(*state),
                                                 std::move(store->watch), place.state);
    if (auto prepared = workplace->conveyor.prepare(); !prepared) {
        workplace->conveyor.note(tl::make_unexpected(prepared.error()));
        return tl::make_unexpected(prepared.error());
    }
    return workplace;
}

// Until the store has no more, or `is_stopped()`.
template <typename IsStopped>
Result<void> take_to_the_end(Conveyor& conveyor, IsStopped is_stopped) {
    Result<bool> more = true;
    while (more && *more && !is_stopped()) {
        more = conveyor.take();
    }
    return more.map([](bool) {});
}

constexpr auto never_stopped = [] { return false; };

class Loop {
  public:
    Loop(int stop_fd, Exporter& exporter, const ExporterPlace& place)
        : stop_fd_(stop_fd), exporter_(exporter), place_(place) {}

    Result<void> run() {
        while (!stopping_) {
            const auto done = step();
            if (!done && done.error().kind == Error::Kind::usage) {
                return tl::make_unexpected(done.error());
            }
            note(done);
            if (done) {
                backoff_.succeeded();
                wait(std::min<Clock::duration>(done->next, safety_look), workplace_->watch.fd());
            } else {
                wait(backoff_.failed(), deaf);
            }
        }
        return {};
    }

  private:
    Result<Pushed> step() {
        if (!workplace_) {
            auto opened = open_workplace(exporter_, place_);
            if (!opened) {
                return tl::make_unexpected(opened.error());
            }
            workplace_ = std::move(*opened);
        }
        Conveyor& conveyor = workplace_->conveyor;
        return take_to_the_end(conveyor, [this] { return stopping_ = is_stopped(0ms); }).and_then([&] {
            return conveyor.push();
        });
    }

    void note(const Result<Pushed>& done) {
        if (workplace_) {
            workplace_->conveyor.note(done);
            if (Clock::now() >= counters_noted_ + counters_every) {
                workplace_->conveyor.note_counters();
                counters_noted_ = Clock::now();
            }
        }
        const std::string text = done ? done->trouble.value_or(std::string()) : done.error().message;
        if (text == told_) {
            return;
        }
        log(text.empty() ? Severity::info : Severity::error,
            fmt::format("{}: {}", exporter_.name(), text.empty() ? "works again" : text + "; trying again"));
        told_ = text;
    }

    // Until the store changes, where `watch_fd` tells so; else a failure is waited out.
    void wait(Clock::duration delay, int watch_fd) {
        const auto until = Clock::now() + delay;
        while (!stopping_ && Clock::now() < until) {
            std::array<pollfd, 2> fds{pollfd{stop_fd_, POLLIN, 0}, pollfd{watch_fd, POLLIN, 0}};
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
            poll(fds.data(), fds.size(), static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
            stopping_ = stopping_ || fds[0].revents != 0;
            if (fds[1].revents != 0 && workplace_->watch.clear()) {
                stopping_ = stopping_ || is_stopped(gathering);
                workplace_->watch.clear();
                return;
            }
        }
    }

    bool is_stopped(std::chrono::milliseconds patience) const {
        pollfd stop{stop_fd_, POLLIN, 0};
        return poll(&stop, 1, static_cast<int>(patience.count())) > 0;
    }

    int stop_fd_;
    Exporter& exporter_;
    const ExporterPlace& place_;
    std::unique_ptr<Workplace> workplace_;
    Backoff backoff_;
    Clock::time_point counters_noted_;
    std::string told_; // the failure that the log knows of; empty: none
    bool stopping_ = false;
};

// Until the exporter wants no more at once, such as while a file is locked, or a mailbox is being counted.
Result<void> push_to_the_end(Conveyor& conveyor, std::chrono::seconds patience) {
    const auto give_up = Clock::now() + patience;
    while (true) {
        const auto pushed = conveyor.push();
        if (!pushed) {
            return tl::make_unexpected(pushed.error());
        }
        if (pushed->trouble) {
            return unavailable(*pushed->trouble);
        }
        if (pushed->next > 1s) {
            return {};
        }
        if (Clock::now() >= give_up) {
            return unavailable(fmt::format("the exporter was not done with passing on after {} s: nothing is "
                                           "lost; run it again, or as a service",
                                           patience.count()));
        }
        std::this_thread::sleep_for(pushed->next);
    }
}

// The end of a run that is not repeated.
Result<void> noted(Conveyor& conveyor, const Result<void>& outcome) {
    conveyor.note(outcome.map([] { return Pushed{}; }));
    conveyor.note_counters();
    return outcome;
}

} // namespace

Result<void> export_until(int stop_fd, Exporter& exporter, const ExporterPlace& place) {
    return Loop(stop_fd, exporter, place).run();
}

Result<void> export_once(Exporter& exporter, const ExporterPlace& place, std::chrono::seconds patience) {
    return open_workplace(exporter, place).and_then([&](const auto& workplace) -> Result<void> {
        Conveyor& conveyor = workplace->conveyor;
        return noted(conveyor, take_to_the_end(conveyor, never_stopped).and_then([&] {
            return push_to_the_end(conveyor, patience);
        }));
    });
}

Result<void> export_again(Exporter& exporter, const ExporterPlace& place, UtcTime since) {
    return open_workplace(exporter, place).and_then([&](const auto& workplace) -> Result<void> {
        Conveyor& conveyor = workplace->conveyor;
        return noted(conveyor, take_to_the_end(conveyor, never_stopped)
                                   .and_then([&] { return conveyor.replay(since); })
                                   .and_then([&] { return push_to_the_end(conveyor, usual_patience); }));
    });
}

Result<void> export_from_now(Exporter& exporter, const ExporterPlace& place) {
    return open_workplace(exporter, place).and_then([](const auto& workplace) {
        return workplace->conveyor.skip();
    });
}

} // namespace dovewatch
