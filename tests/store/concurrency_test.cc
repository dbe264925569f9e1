// Readers beside the writer.
#include "tests/store/process.h"
#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <string>

#include <catch2/catch.hpp>
#include <unistd.h>

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

std::uintmax_t log_size(const std::filesystem::path& file) {
    return std::filesystem::file_size(file.string() + "-wal");
}

// A pipe for one-byte messages between parent and child.
struct Signal {
    Signal() { REQUIRE(pipe(ends) == 0); }
    Signal(const Signal&) = delete;
    Signal& operator=(const Signal&) = delete;
    ~Signal() {
        close(ends[0]);
        close(ends[1]);
    }
    void send() const { demand(write(ends[1], "+", 1) == 1, "write"); }
    void wait() const {
        char byte = 0;
        demand(read(ends[0], &byte, 1) == 1, "read");
    }
    int ends[2] = {-1, -1};
};

// Reads all sessions; stops after the first until it may go on.
void read_slowly(const std::filesystem::path& file, const Signal& began, const Signal& go_on,
                 std::size_t expected) {
    const auto reader = Reader::open(file);
    demand(reader.has_value(), "open");
    std::size_t count = 0;
    const auto read = (*reader)->online({}, [&](const Session&) {
        if (++count == 1) {
            began.send();
            go_on.wait();
        }
        return true;
    });
    demand(read.has_value(), read ? "" : read.error().message);
    demand(count == expected, "half a batch: " + std::to_string(count));
}

} // namespace

TEST_CASE("A reader in the middle of a call does not block 1000 commits, and sees one moment") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    make_database(file);
    const auto writer = open_writer(file);
    const Signal began;
    const Signal go_on;
    const pid_t reader = start_child([&] { read_slowly(file, began, go_on, 100); });
    began.wait();
    for (std::int64_t id = 1000; id < 2000; ++id) {
        commit(*writer, {SessionBegan{session(id, "user", id)}});
    }
    go_on.send();
    CHECK(wait_for(reader) == 0);
    CHECK(online(file).size() == 1100);
}

TEST_CASE("A reader in the writer's own process sees one moment too") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    make_database(file);
    const auto writer = open_writer(file);
    std::size_t count = 0;
    must(value_of(Reader::open(file))->online({}, [&](const Session&) {
        commit(*writer, {SessionBegan{session(static_cast<std::int64_t>(1000 + count), "x", 1)}});
        return ++count > 0;
    }));
    CHECK(count == 100);
    CHECK(online(file).size() == 200);
}

TEST_CASE("The log does not grow without bound, and a long reader only delays its folding") {
    constexpr std::uintmax_t most = 24U << 20U; // the limit, and one batch
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    make_database(file);
    const auto writer = open_writer(file);
    std::int64_t id = 1000;
    const auto commit_much = [&](int batches) {
        std::uintmax_t largest = 0;
        for (int i = 0; i < batches; ++i) {
            std::vector<SessionChange> changes;
            for (int j = 0; j < 500; ++j, ++id) {
                changes.push_back(
                    SessionBegan{ended(session(id, std::to_string(id * 7919 % 10007), id), id + 1)});
            }
            commit(*writer, changes);
            largest = std::max(largest, log_size(file));
        }
        return largest;
    };
    CHECK(commit_much(70) < most);

    const Signal began;
    const Signal go_on;
    const pid_t reader = start_child([&] { read_slowly(file, began, go_on, 100); });
    began.wait();
    const std::uintmax_t while_reading = commit_much(70);
    CHECK(while_reading > most);
    go_on.send();
    CHECK(wait_for(reader) == 0);
    commit_much(70);
    CHECK(log_size(file) < most);
}
