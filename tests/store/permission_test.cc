// Who may read and write, for real: as user nobody.
#include "tests/store/process.h"
#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <csignal>
#include <string>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

constexpr gid_t readers = 54321;
constexpr gid_t strangers = 54322;

// What a package would make: the daemon's folder, open to one group for reading.
void give_to_readers(const std::filesystem::path& folder) {
    REQUIRE(chown(folder.c_str(), 0, readers) == 0);
    REQUIRE(chmod(folder.c_str(), 0750) == 0);
}

std::size_t count_online(const std::filesystem::path& file) {
    const auto reader = Reader::open(file);
    demand(reader.has_value(), reader ? "" : reader.error().message);
    std::size_t count = 0;
    const auto read = (*reader)->online({}, [&](const Session&) { return ++count > 0; });
    demand(read.has_value(), read ? "" : read.error().message);
    const auto status = (*reader)->status();
    demand(status.has_value(), status ? "" : status.error().message);
    demand(status->sessions_online == count, "status disagrees");
    return count;
}

bool nobody_sees(const std::filesystem::path& file, std::size_t sessions) {
    return as_nobody(readers, [&] {
        const std::size_t seen = count_online(file);
        demand(seen == sessions, std::to_string(seen) + " seen");
    });
}

std::vector<std::filesystem::path> listing(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> names(std::filesystem::directory_iterator(folder), {});
    std::sort(names.begin(), names.end());
    return names;
}

bool needs_root() {
    return skip_unless(geteuid() == 0, "only root can become another user");
}

} // namespace

TEST_CASE("The files are readable for the group, whatever the umask") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const mode_t before = umask(GENERATE(mode_t{0}, mode_t{077}));
    const auto writer = open_writer(file);
    commit(*writer, {SessionBegan{session(1, "sue", 1)}});
    umask(before);
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
        struct stat status {};
        REQUIRE(stat((file.string() + suffix).c_str(), &status) == 0);
        CAPTURE(suffix);
        CHECK((status.st_mode & 07777) == 0640);
    }
}

TEST_CASE("A member of the group reads while the writer runs, after it ended, and after it was killed") {
    if (needs_root()) {
        return;
    }
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    give_to_readers(folder.path());
    SECTION("running") {
        const auto writer = open_writer(file);
        CHECK(nobody_sees(file, 0));
        commit(*writer, {SessionBegan{session(1, "sue", 1)}});
        CHECK(nobody_sees(file, 1));
        commit(*writer, {SessionBegan{session(2, "tom", 2)}});
        CHECK(nobody_sees(file, 2));
    }
    SECTION("ended") {
        make_database(file);
        CHECK(std::filesystem::file_size(file.string() + "-wal") == 0);
        CHECK(nobody_sees(file, 100));
        CHECK(nobody_sees(file, 100));
    }
    SECTION("killed") {
        make_database(file);
        const pid_t child = start_child([&] {
            const auto writer = Writer::open(file);
            const std::vector<SessionChange> changes{SessionBegan{session(1000, "sue", 1)}};
            demand((*writer)->commit(changes, {}).has_value(), "commit");
            raise(SIGKILL);
        });
        REQUIRE(WTERMSIG(wait_for(child)) == SIGKILL);
        CHECK(std::filesystem::file_size(file.string() + "-wal") > 0);
        CHECK(nobody_sees(file, 101));
        CHECK(count_online(file) == 101);
        make_database(file, 0);
        CHECK(nobody_sees(file, 101));
    }
    SECTION("killed, and the shared memory lost") {
        make_database(file);
        std::filesystem::remove(file.string() + "-shm");
        CHECK(nobody_sees(file, 100));
    }
    SECTION("a copy of the file alone") {
        make_database(file);
        const auto copy = folder / "copy.db";
        std::filesystem::copy_file(file, copy);
        REQUIRE(chown(copy.c_str(), 0, readers) == 0);
        CHECK(nobody_sees(copy, 100));
    }
}

TEST_CASE("A reader creates and changes no file, not even as root") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    make_database(file);
    SECTION("all files there") {}
    SECTION("no log") {
        std::filesystem::remove(file.string() + "-wal");
    }
    SECTION("no shared memory") {
        std::filesystem::remove(file.string() + "-shm");
    }
    SECTION("the database alone") {
        for (const char* suffix : {"-wal", "-shm", ".lock"}) {
            std::filesystem::remove(file.string() + suffix);
        }
    }
    const auto names = listing(folder.path());
    const std::string bytes = bytes_of(file);
    const std::string shared = bytes_of(file.string() + "-shm");
    CHECK(count_online(file) == 100);
    CHECK(listing(folder.path()) == names);
    CHECK((bytes_of(file) == bytes));
    CHECK((bytes_of(file.string() + "-shm") == shared));
}

TEST_CASE("A log that only a writer can read is not passed over") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const pid_t child = start_child([&] {
        const auto writer = Writer::open(file);
        const std::vector<SessionChange> changes{SessionBegan{session(1, "sue", 1)}};
        demand((*writer)->commit(changes, {}).has_value(), "commit");
        raise(SIGKILL);
    });
    REQUIRE(WTERMSIG(wait_for(child)) == SIGKILL);
    std::filesystem::remove(file.string() + "-shm");
    const auto reader = Reader::open(file);
    REQUIRE_FALSE(reader);
    CHECK_THAT(reader.error().message, Catch::Contains("start dovewatchd once"));
    make_database(file, 0);
    CHECK(online(file).size() == 1);
}

TEST_CASE("Who is not in the group is told which one it is") {
    if (needs_root()) {
        return;
    }
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    give_to_readers(folder.path());
    make_database(file);
    const auto check = [&](const std::string& part) {
        return as_nobody(strangers, [&] {
            const auto reader = Reader::open(file);
            demand(!reader, "let in");
            demand(reader.error().kind == Error::Kind::failed, "kind");
            demand(reader.error().message.find(part) != std::string::npos, reader.error().message);
        });
    };
    CHECK(check("lacks permission"));
    REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
    CHECK(check("run as a member of group '54321'"));
}

TEST_CASE("A writer without permission is refused, and harms nothing") {
    if (needs_root()) {
        return;
    }
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    give_to_readers(folder.path());
    SECTION("nothing there yet") {}
    SECTION("a database there") {
        make_database(file);
    }
    const auto names = listing(folder.path());
    const std::string bytes = bytes_of(file);
    CHECK(as_nobody(readers, [&] {
        const auto writer = Writer::open(file);
        demand(!writer, "let in");
        demand(writer.error().kind == Error::Kind::failed, "kind");
        demand(writer.error().message.find("lacks permission") != std::string::npos, writer.error().message);
    }));
    CHECK(listing(folder.path()) == names);
    CHECK((bytes_of(file) == bytes));
}

TEST_CASE("A writer that may lock but not write is refused") {
    if (needs_root()) {
        return;
    }
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    make_database(file);
    REQUIRE(chown(folder.path().c_str(), nobody, readers) == 0);
    REQUIRE(chown((file.string() + ".lock").c_str(), nobody, readers) == 0);
    for (const char* suffix : {"", "-wal", "-shm"}) {
        REQUIRE(chown((file.string() + suffix).c_str(), 0, readers) == 0);
    }
    CHECK(as_nobody(readers, [&] {
        const auto writer = Writer::open(file);
        demand(!writer, "let in");
        demand(writer.error().message.find("cannot be written") != std::string::npos, writer.error().message);
    }));
}
