#include "tests/store/process.h"
#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <csignal>
#include <string>

#include <catch2/catch.hpp>
#include <unistd.h>

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

constexpr int batch_size = 200;

std::vector<SessionChange> batch(std::int64_t number) {
    std::vector<SessionChange> changes;
    for (std::int64_t i = 0; i < batch_size; ++i) {
        changes.push_back(SessionBegan{session(number * batch_size + i + 1, std::to_string(number), number)});
    }
    return changes;
}

// Commits batches, and says so through the pipe, until it is killed.
void commit_for_ever(const std::filesystem::path& file, int to_parent) {
    const auto writer = Writer::open(file);
    demand(writer.has_value(), writer ? "" : writer.error().message);
    std::int64_t number = (*writer)->next_session_id().value() / batch_size;
    while ((*writer)->commit(batch(number++), {}) && write(to_parent, "+", 1) == 1) {
    }
}

// Kills the writer in the midst of its work; the number of batches that it said were stored.
int kill_after(int commits, const std::filesystem::path& file) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = start_child([&] { commit_for_ever(file, ends[1]); });
    close(ends[1]);
    char said = 0;
    int stored = 0;
    while (stored < commits && read(ends[0], &said, 1) == 1) {
        ++stored;
    }
    kill(child, SIGKILL);
    REQUIRE(WIFSIGNALED(wait_for(child)));
    while (read(ends[0], &said, 1) == 1) {
        ++stored;
    }
    close(ends[0]);
    return stored;
}

} // namespace

TEST_CASE("A writer killed in mid-batch leaves whole batches, and all that it said were stored") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    std::size_t said = 0;
    for (int round = 1; round <= 8; ++round) {
        said += static_cast<std::size_t>(kill_after(round * 3, file));
        const auto rows = last_logins(file); // one user a batch
        for (const LastLogin& row : rows) {
            REQUIRE(row.count == batch_size);
        }
        CHECK(rows.size() >= said);
        CHECK(rows.size() <= said + static_cast<std::size_t>(round));
        CHECK(online(file).size() == rows.size() * batch_size);
    }
    const auto writer = open_writer(file);
    CHECK(value_of(writer->open_sessions()).size() == online(file).size());
    CHECK(SQLite::Database(file.string()).execAndGet("PRAGMA integrity_check").getString() == "ok");
}
