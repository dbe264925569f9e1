#include "monitor/failover_source.h"
#include "store/unique_fd.h"

#include <catch2/catch.hpp>
#include <poll.h>
#include <sys/eventfd.h>

using namespace dovewatch;

namespace {

struct Script {
    bool fails = false;
    bool is_passing = false;
    std::vector<Counter> counters;
    bool retired = false;
    std::uint64_t lost = 0;
    UniqueFd events{eventfd(0, EFD_NONBLOCK)};
    UniqueFd control{eventfd(0, EFD_NONBLOCK)};
};

class ScriptedSource : public Source {
  public:
    ScriptedSource(Script& script, std::string_view name) : script_(script), name_(name) {}

    std::string_view name() const override { return name_; }
    int events_fd() const override { return script_.events.get(); }
    int control_fd() const override { return script_.control.get(); }
    Result<void> drain(const EventSink& /*sink*/) override { return outcome(); }
    void release() override {}
    Result<void> attend(const EventSink& /*sink*/) override { return outcome(); }
    Result<std::vector<ProcessKey>> sweep(const EventSink& /*sink*/) override {
        return outcome().map([&] { return std::vector<ProcessKey>{{1, name_ == "first" ? 1 : 2}}; });
    }
    std::optional<SourcePosition> position() const override { return std::nullopt; }
    void resume(const SourcePosition& /*stored*/) override {}
    Result<void> retire() override {
        script_.retired = true;
        return {};
    }
    std::uint64_t lost() const override { return script_.lost; }
    std::vector<Counter> counters() const override { return script_.counters; }

  private:
    Result<void> outcome() const {
        if (script_.is_passing) {
            return unavailable("busy");
        }
        return script_.fails ? Result<void>(failed("broken")) : Result<void>();
    }

    Script& script_;
    std::string_view name_;
};

struct Pair {
    Script first;
    Script second;
    std::unique_ptr<Source> source =
        make_failover_source(std::make_unique<ScriptedSource>(first, "first"),
                             [this]() -> Result<std::unique_ptr<Source>> {
                                 return std::make_unique<ScriptedSource>(second, "second");
                             })
            .value();
};

bool is_readable(int fd) {
    pollfd wanted{fd, POLLIN, 0};
    return poll(&wanted, 1, 0) == 1;
}

const EventSink no_sink = [](const ProcessEvent&) {};

} // namespace

TEST_CASE("a source that works is not replaced") {
    Pair pair;
    REQUIRE(pair.source->drain(no_sink));
    REQUIRE(pair.source->attend(no_sink));
    CHECK(pair.source->name() == "first");
    CHECK(pair.source->lost() == 0);
    CHECK_FALSE(pair.first.retired);
}

TEST_CASE("a source that fails in flight is retired and replaced, and a sweep is due") {
    Pair pair;
    pair.first.lost = 5;
    pair.first.fails = true;
    SECTION("in drain") {
        REQUIRE(pair.source->drain(no_sink));
    }
    SECTION("in attend") {
        REQUIRE(pair.source->attend(no_sink));
    }
    SECTION("in sweep, which the successor then does") {
        const auto running = pair.source->sweep(no_sink);
        REQUIRE(running);
        CHECK(running->front() == ProcessKey{1, 2});
    }
    CHECK(pair.source->name() == "second");
    CHECK(pair.source->lost() == 6);
    CHECK(pair.first.retired);
    CHECK(pair.source->counters().back().value == 1);
}

TEST_CASE("an error that may pass replaces no source") {
    Pair pair;
    pair.first.is_passing = true;
    CHECK(pair.source->sweep(no_sink).error().kind == Error::Kind::unavailable);
    CHECK_FALSE(pair.source->drain(no_sink));
    CHECK_FALSE(pair.source->attend(no_sink));
    CHECK(pair.source->name() == "first");
    CHECK_FALSE(pair.first.retired);
}

TEST_CASE("what the first source lost stays counted") {
    Pair pair;
    pair.first.counters = {{"kernel", "titles", 100, false},
                           {"kernel", "titles lost", 5, true},
                           {"kernel", "ends lost", 2, true}};
    pair.second.counters = {{"kernel", "titles lost", 3, true}};
    pair.first.fails = true;
    REQUIRE(pair.source->drain(no_sink));
    const auto counters = pair.source->counters();
    REQUIRE(counters.size() == 3);
    CHECK((counters[0].name == "titles lost" && counters[0].value == 8));
    CHECK((counters[1].name == "ends lost" && counters[1].value == 2));
}

TEST_CASE("the successor is waited for at the same descriptors") {
    Pair pair;
    const int events = pair.source->events_fd();
    const int control = pair.source->control_fd();
    pair.first.fails = true;
    REQUIRE(pair.source->drain(no_sink));
    CHECK_FALSE(is_readable(events));
    eventfd_write(pair.second.events.get(), 1);
    CHECK(is_readable(events));
    CHECK_FALSE(is_readable(control));
    eventfd_write(pair.second.control.get(), 1);
    CHECK(is_readable(control));
    CHECK(pair.source->events_fd() == events);
}

TEST_CASE("a successor that fails is an error") {
    Pair pair;
    pair.first.fails = true;
    pair.second.fails = true;
    REQUIRE(pair.source->drain(no_sink));
    const auto drained = pair.source->drain(no_sink);
    REQUIRE_FALSE(drained);
    CHECK(drained.error().message == "broken");
}
