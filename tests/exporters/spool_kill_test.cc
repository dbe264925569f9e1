// The exporter killed, or its power cut, before each of its steps: no counter may drift.
#include "tests/exporters/spool_fixture.h"
#include "tests/store/process.h"

#include <csignal>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

int steps_left = 0; // 0: never killed
bool fails_to_flush = false;

void step() {
    if (steps_left > 0 && --steps_left == 0) {
        kill(getpid(), SIGKILL);
    }
}

// Where a power cut is played: what stood at the places of users' files at the last syncfs(). A link says
// where; without an old file beside it there was none.
std::filesystem::path unflushed;

bool has_power_cut() {
    return !unflushed.empty();
}

std::filesystem::path kept(const std::string& name, const std::string& what) {
    return unflushed / (name + what);
}

void keep_old(int folder, const std::string& name) {
    if (!has_power_cut() || name.starts_with(spool::damaged_prefix) ||
        std::filesystem::is_symlink(kept(name, ".place"))) {
        return;
    }
    const auto place = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(folder)) / name;
    std::filesystem::create_symlink(place, kept(name, ".place"));
    if (std::filesystem::exists(place)) {
        std::filesystem::create_hard_link(place, kept(name, ".old"));
    }
}

void flush() {
    for (const auto& entry : std::filesystem::directory_iterator(unflushed)) {
        std::filesystem::remove(entry);
    }
}

void lose_unflushed() {
    for (const std::string& name : names_of(unflushed)) {
        const auto link = unflushed / name;
        if (std::filesystem::is_symlink(link)) {
            const auto place = std::filesystem::read_symlink(link);
            const auto old = kept(place.filename(), ".old");
            std::filesystem::remove(place);
            if (std::filesystem::exists(old)) {
                std::filesystem::rename(old, place);
            }
            std::filesystem::remove(link);
        }
    }
}

int call(long result) {
    return static_cast<int>(result);
}

} // namespace

// In place of the C library's, for all of this program.
extern "C" {
int linkat(int from, const char* old_name, int to, const char* new_name, int flags) noexcept {
    step();
    keep_old(to, new_name);
    return call(syscall(SYS_linkat, from, old_name, to, new_name, flags));
}
int renameat(int from, const char* old_name, int to, const char* new_name) noexcept {
    step();
    keep_old(to, new_name);
    return call(syscall(SYS_renameat2, from, old_name, to, new_name, 0));
}
int unlinkat(int folder, const char* name, int flags) noexcept {
    step();
    return call(syscall(SYS_unlinkat, folder, name, flags));
}
int mkdirat(int folder, const char* name, mode_t mode) noexcept {
    step();
    return call(syscall(SYS_mkdirat, folder, name, mode));
}
int futimens(int file, const timespec times[2]) noexcept {
    step();
    return call(syscall(SYS_utimensat, file, nullptr, times, 0));
}
int syncfs(int file) noexcept {
    step();
    if (has_power_cut()) {
        flush();
    }
    if (fails_to_flush) {
        errno = EIO;
        return -1;
    }
    return flushes_to_disk ? call(syscall(SYS_syncfs, file)) : 0;
}
}

namespace {

const std::string long_name(300, 'l');

const std::vector<std::vector<Session>> batches = {
    {past(1, "joe"), past(2, "sue"), past(3, "broken")},
    {past(4, "joe", noon + 1), past(5, "sue", noon + 1), past(6, "joe", noon + 2), past(2, "sue")},
    {past(7, "sue", noon + 3), past(8, long_name, noon + 3), past(9, "broken", noon + 3)},
};

struct Place {
    Place() {
        options.folder = folder / "spool";
        std::filesystem::create_directory(options.folder);
        write_bytes(options.folder / "joe", content(17));
        write_bytes(options.folder / "broken", "no number");
        SQLite::Database state(database(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        state.exec("PRAGMA journal_mode = WAL; CREATE TABLE cursor (batches INTEGER); INSERT INTO cursor "
                   "VALUES (0)");
    }

    std::string database() const { return (folder / "state.db").string(); }
    std::string text(const std::string& user) const { return bytes_of(file_of(options.folder, user)); }

    TemporaryFolder folder;
    SpoolOptions options;
};

void take_and_push(SpoolExporter& exporter, SQLite::Database& state, const std::vector<Session>& sessions) {
    std::vector<StoreChange> changes;
    std::transform(sessions.begin(), sessions.end(), std::back_inserter(changes), change);
    SQLite::Transaction transaction(state);
    must(exporter.take(changes, false, state));
    state.exec("UPDATE cursor SET batches = batches + 1");
    transaction.commit();
    value_of(exporter.push(state));
}

int count_step(unsigned /*kind*/, void* /*context*/, void* /*statement*/, void* /*text*/) {
    step();
    return 0;
}

// From the cursor on; after a kill more sessions are taken before the files are looked at. Killed before step
// `kill_at`, if it comes to it.
void run(const Place& place, int kill_at) {
    SQLite::Database state(place.database(), SQLite::OPEN_READWRITE);
    state.exec("PRAGMA synchronous = OFF");
    sqlite3_trace_v2(state.getHandle(), SQLITE_TRACE_STMT, count_step, nullptr);
    steps_left = kill_at;
    SpoolExporter exporter(place.options);
    must(exporter.prepare(state));
    auto done = state.execAndGet("SELECT batches FROM cursor").getUInt();
    if (done == batches.size()) {
        value_of(exporter.push(state));
    }
    for (; done < batches.size(); ++done) {
        take_and_push(exporter, state, batches[done]);
    }
    steps_left = 0;
}

bool is_killed(const Place& place, int kill_at) {
    const int status = wait_for(start_child([&] { run(place, kill_at); }));
    REQUIRE((WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : status == 0));
    return WIFSIGNALED(status);
}

void check_counters(const Place& place) {
    CHECK(place.text("joe") == content(20));
    CHECK(place.text("sue") == content(3));
    CHECK(place.text("broken") == content(2));
    CHECK(place.text(long_name) == content(1));
    CHECK(names_of(place.options.folder).size() == 5); // with the own folder
    const auto own = names_of(place.options.folder / spool::own_folder_name);
    REQUIRE(own.size() == 1);
    CHECK(own.front().starts_with("damaged-broken-"));
}

} // namespace

TEST_CASE("A kill before any step makes no counter drift") {
    int kill_at = 1;
    for (bool killed = true; killed; ++kill_at) {
        CAPTURE(kill_at);
        const Place place;
        killed = is_killed(place, kill_at);
        REQUIRE_FALSE(is_killed(place, 0));
        check_counters(place);
    }
    CHECK(kill_at > 100);
}

TEST_CASE("Nor does a power cut, after which files are as they were last flushed") {
    const TemporaryFolder disk;
    int kill_at = 1;
    for (bool cut = true; cut; ++kill_at) {
        CAPTURE(kill_at);
        const Place place;
        unflushed = disk.path();
        cut = is_killed(place, kill_at);
        lose_unflushed();
        unflushed.clear();
        REQUIRE_FALSE(is_killed(place, 0));
        check_counters(place);
    }
    CHECK(kill_at > 100);
}

TEST_CASE("Nor do kills one after another") {
    for (int first = 5; first < 110; first += 7) {
        CAPTURE(first);
        const Place place;
        for (int kill_at = first; is_killed(place, kill_at); ++kill_at) {
        }
        REQUIRE_FALSE(is_killed(place, 0));
        check_counters(place);
    }
}

TEST_CASE("A disk that fails to take the files is named, and makes no counter drift") {
    Spool spool;
    spool.take_and_push({past(1, "joe")});
    spool.take({past(2, "joe")});
    fails_to_flush = true;
    CHECK_THAT(spool.failure(), Catch::Contains(spool.options.folder.string()));
    fails_to_flush = false;
    spool.take_and_push({past(3, "joe")});
    CHECK(spool.text("joe") == content(3));
    CHECK(spool.counted("counters changed by others") == 0);
}

TEST_CASE("A commit that fails after the files were written makes no counter drift") {
    Spool spool;
    spool.take_and_push({past(1, "joe")});
    spool.take({past(2, "joe")});
    sqlite3_commit_hook(
        spool.state.getHandle(), [](void*) { return 1; }, nullptr);
    CHECK_THROWS_AS(spool.exporter->push(spool.state), SQLite::Exception);
    CHECK(spool.text("joe") == content(2));
    sqlite3_commit_hook(spool.state.getHandle(), nullptr, nullptr);
    spool.take_and_push({past(3, "joe")});
    CHECK(spool.text("joe") == content(3));
    CHECK(spool.counted("counters changed by others") == 0);
}
