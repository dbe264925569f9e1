#include "tests/exporters/mail_sample.h"

#include <catch2/catch.hpp>

namespace dovewatch::test {
namespace {

using namespace std::chrono_literals;
using table::BackgroundCounter;
using table::CountedMailbox;
using table::CountingLimits;
using table::Mailbox;
using table::RateLimit;

class Store {
  public:
    // A Maildir of so many messages of 10 bytes.
    Mailbox mailbox(const std::string& user, int messages = 1) const {
        make_maildir(folder_ / user);
        for (int i = 0; i < messages; ++i) {
            write_bytes(folder_ / user / "cur" / std::to_string(i), "1234567890");
        }
        return {user, 0, location_of(table::MailFormat::maildir, folder_ / user)};
    }

  private:
    TemporaryFolder folder_;
};

CountingLimits limits(std::chrono::milliseconds time, std::size_t most_stuck = 4) {
    return {RateLimit::unlimited, time, most_stuck};
}

// A counter whose clock stands still, behind a gate.
struct Gated {
    explicit Gated(std::chrono::milliseconds limit, std::size_t most_stuck = 4)
        : counter(folders, limits(limit, most_stuck), FakeTime::counting_time(time)) {}
    ~Gated() { folders->open(); }

    // Starts the batch, which hangs beyond its limit.
    std::vector<CountedMailbox> hang(std::vector<Mailbox> mailboxes, int threads) {
        folders->shut();
        must(counter.start(std::move(mailboxes)));
        folders->wait_for_hanging(threads);
        time->advance(1min);
        return counter.collect();
    }

    std::shared_ptr<FakeTime> time = std::make_shared<FakeTime>();
    std::shared_ptr<GatedFolders> folders = std::make_shared<GatedFolders>();
    BackgroundCounter counter;
};

} // namespace

TEST_CASE("A batch is counted beside the caller") {
    const Store store;
    BackgroundCounter counter(table::system_mail_folders(), {});
    CHECK_FALSE(counter.busy());
    CHECK(counter.collect().empty());
    must(counter.start({store.mailbox("sue", 3), store.mailbox("tom", 2)}));
    CHECK(counter.busy());
    REQUIRE(counter.wait(20s));
    const auto counted = counter.collect();
    REQUIRE(counted.size() == 2);
    CHECK(counted[0].mailbox.user == "sue");
    check_size(counted[0].size, 3, 30);
    check_size(counted[1].size, 2, 20);
    CHECK_FALSE(counted[1].over_limit);
    CHECK_FALSE(counter.busy());
}

TEST_CASE("Tokens come at the rate, and a burst of a tenth of a second is free") {
    RateLimit limit(1000);
    FakeTime time;
    int taken = 0;
    for (; time.passed() < 10s; ++taken) {
        time.advance(limit.take(time.now()));
    }
    CHECK(taken >= 10'000);
    CHECK(taken <= 10'000 + 100 + 20);
    time.advance(1h); // saves no more than a burst
    for (taken = 0; limit.take(time.now()) == 0ns;) {
        ++taken;
    }
    CHECK(taken >= 100);
    CHECK(taken <= 100 + 20);
}

TEST_CASE("Files are counted at a bounded rate, across batches") {
    const Store store;
    const auto time = std::make_shared<FakeTime>();
    BackgroundCounter counter(table::system_mail_folders(), {100, 60s, 4}, FakeTime::counting_time(time));
    std::int64_t files = 0;
    for (int i = 0; i < 10; ++i) {
        must(counter.start({store.mailbox("user" + std::to_string(i), 99)})); // a step more for the store
        REQUIRE(counter.wait(20s));
        files += counter.collect().front().size.files.value_or(0);
    }
    CHECK(files == 990);
    CHECK(time->passed() >= 9800ms);
    CHECK(time->passed() <= 10s);
}

TEST_CASE("Waiting for the rate does not count against the time limit") {
    const Store store;
    const auto time = std::make_shared<FakeTime>();
    BackgroundCounter counter(table::system_mail_folders(), {10, 1s, 4}, FakeTime::counting_time(time));
    must(counter.start({store.mailbox("sue", 200)}));
    REQUIRE(counter.wait(20s));
    check_size(counter.collect().front().size, 200, 2000);
    CHECK(time->passed() > 15s);
}

TEST_CASE("A slow count ends itself at the time limit, and the next one begins anew") {
    const Store store;
    const auto time = std::make_shared<FakeTime>();
    table::CountingTime slow = FakeTime::counting_time(time);
    slow.now = [time] {
        time->advance(10ms);
        return time->now();
    };
    BackgroundCounter counter(table::system_mail_folders(), limits(1s), slow);
    must(counter.start({store.mailbox("sue", 2000), store.mailbox("tom", 1)}));
    REQUIRE(counter.wait(20s));
    const auto counted = counter.collect();
    REQUIRE(counted.size() == 2);
    check_unknown(counted[0].size, "time limit");
    CHECK(counted[0].over_limit);
    check_size(counted[1].size, 1, 10);
    CHECK(counter.stuck() == 0);
}

TEST_CASE("A file system that hangs makes the mailbox unknown, and the counter goes on") {
    const Store store;
    Gated gated(10s);
    const auto hung = gated.hang({store.mailbox("sue"), store.mailbox("tom")}, 1);
    REQUIRE(hung.size() == 1);
    CHECK(hung[0].mailbox.user == "sue");
    CHECK(hung[0].over_limit);
    check_unknown(hung[0].size, "time limit");
    CHECK_FALSE(gated.counter.busy());
    CHECK(gated.counter.stuck() == 1);
    CHECK_FALSE(gated.counter.stopped());

    gated.folders->open();
    must(gated.counter.start({store.mailbox("ann", 5)}));
    REQUIRE(gated.counter.wait(20s));
    check_size(gated.counter.collect().front().size, 5, 50);
    wait_until([&] { return gated.counter.stuck() == 0; });
    CHECK(gated.counter.collect().empty()); // nothing of what hung comes late
    CHECK(gated.folders->opened() == 2);    // and tom was not even looked for
}

TEST_CASE("A count within its limit is waited for") {
    const Store store;
    Gated gated(10min);
    CHECK(gated.hang({store.mailbox("sue")}, 1).empty());
    CHECK(gated.counter.busy());
    gated.folders->open();
    REQUIRE(gated.counter.wait(20s));
    check_size(gated.counter.collect().front().size, 1, 10);
}

TEST_CASE("Too many file systems that hang stop the counting until one comes back") {
    const Store store;
    Gated gated(10s, 2);
    gated.hang({store.mailbox("sue")}, 1);
    CHECK_FALSE(gated.counter.stopped());
    gated.hang({store.mailbox("tom")}, 2);
    CHECK(gated.counter.stopped());
    gated.folders->open();
    wait_until([&] { return !gated.counter.stopped(); });
}

TEST_CASE("A counter can go while its file system hangs") {
    const auto folders = std::make_shared<GatedFolders>();
    const Store store;
    folders->shut();
    {
        BackgroundCounter counter(folders, {});
        must(counter.start({store.mailbox("sue")}));
        folders->wait_for_hanging(1);
    }
    folders->open();
    wait_until([&] { return folders.use_count() == 1; });
}

TEST_CASE("One mailbox is counted while the caller waits, within a limit") {
    const Store store;
    const auto folders = std::make_shared<GatedFolders>();
    const auto mailbox = store.mailbox("sue", 3);
    check_size(count_mailbox_within(folders, mailbox.location, 20s), 3, 30);
    folders->shut();
    check_unknown(count_mailbox_within(folders, mailbox.location, 10ms), "time limit");
    folders->open();
    wait_until([&] { return folders.use_count() == 1; });
}

} // namespace dovewatch::test
