#include "monitor/proc_source.h"
#include "tests/monitor/proc_tree.h"

#include <catch2/catch.hpp>
#include <unistd.h>

using namespace dovewatch;
using dovewatch::test::ProcTree;

namespace {

constexpr ProcessKey master{10, 1000};
constexpr ProcessKey session{11, 1100};
constexpr ProcessKey stranger{11, 9900};

// A host whose processes each test lists itself; without the process connector.
class Host {
  public:
    Host() {
        proc_.runs(master.pid, "dovecot");
        add(master, 1, "dovecot");
    }

    void add(ProcessKey key, std::int32_t parent, const std::string& name) {
        entries_.push_back({key, parent, getuid(), name});
    }
    void add_session(const std::string& title) {
        proc_.runs(session.pid, "imap");
        proc_.write(session.pid, "cmdline", "dovecot/imap " + title);
        add(session, master.pid, "imap");
    }
    void end(ProcessKey key) {
        std::erase_if(entries_, [&](const auto& entry) { return entry.key == key; });
        proc_.remove(key.pid);
    }
    ProcTree& proc() { return proc_; }

    std::vector<ProcessKey> sweep() {
        events.clear();
        auto running = source_->sweep([this](const ProcessEvent& event) { events.push_back(event); });
        REQUIRE(running);
        return *running;
    }

    std::vector<ProcessEvent> events; // of the last sweep

  private:
    ProcTree proc_;
    std::vector<ProcessEntry> entries_;
    std::unique_ptr<Source> source_ =
        start_proc_source(
            {getuid(), proc_.path(), [this] { return Result<std::vector<ProcessEntry>>(entries_); }})
            .value();
};

} // namespace

TEST_CASE("a session's process and its title are found in /proc") {
    Host host;
    host.add_session("[sue 192.0.2.7]");
    CHECK(host.sweep() == std::vector{session});
    REQUIRE(host.events.size() == 2);
    CHECK(std::get<ExecEvent>(host.events[0].what).adopted);
    CHECK(std::get<TitleEvent>(host.events[1].what).text == "[sue 192.0.2.7]");
    CHECK(std::get<TitleEvent>(host.events[1].what).observed);
    CHECK(host.sweep() == std::vector{session});
    CHECK(host.events.empty());
}

TEST_CASE("a process that is gone from /proc has ended") {
    Host host;
    host.add_session("[sue 192.0.2.7]");
    host.sweep();
    host.end(session);
    SECTION("and none has its pid") {}
    SECTION("and another one has its pid") {
        host.proc().write(stranger.pid, "cmdline", "sleep");
        host.add(stranger, 1, "sleep");
    }
    CHECK(host.sweep().empty());
    REQUIRE(host.events.size() == 1);
    CHECK(host.events[0].process == session);
    CHECK(std::get<ExitEvent>(host.events[0].what).observed);
}

TEST_CASE("a process whose master has ended goes on") {
    Host host;
    host.add_session("[sue 192.0.2.7]");
    host.sweep();
    host.end(master);
    CHECK(host.sweep() == std::vector{session});
    CHECK(host.events.empty());
}
