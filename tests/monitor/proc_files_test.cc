#include "monitor/dovecot_processes.h"
#include "monitor/proc_files.h"
#include "tests/monitor/proc_tree.h"

#include <fstream>

#include <catch2/catch.hpp>
#include <unistd.h>

using namespace dovewatch;
using dovewatch::test::ProcTree;

namespace {

ProcessEntry entry(std::int32_t pid, std::int32_t parent, const std::string& name, uid_t uid) {
    return {{pid, std::int64_t{pid} * 100}, parent, uid, name};
}

} // namespace

TEST_CASE("the title stands behind the first blank of argv[0]") {
    using namespace std::string_view_literals;
    CHECK(title_in_cmdline("dovecot/imap [alice 1.2.3.4]\0"sv) == "[alice 1.2.3.4]");
    CHECK(title_in_cmdline("dovecot-mx/imap [a b 1.2.3.4]\0\0\0"sv) == "[a b 1.2.3.4]");
    CHECK(title_in_cmdline("dovecot/imap\0-s\0[alice 1.2.3.4]\0"sv).empty());
    CHECK(title_in_cmdline("").empty());
}

TEST_CASE("a title is read from a process that has one") {
    ProcTree proc;
    proc.write(7, "cmdline", std::string("dovecot/pop3 [sue ::1]\0", 23));
    CHECK(read_title(proc.path(), 7) == "[sue ::1]");
    CHECK_FALSE(read_title(proc.path(), 8));
}

TEST_CASE("a process whose memory is gone has no title") {
    ProcTree proc;
    proc.write(7, "cmdline", "");
    CHECK_FALSE(read_title(proc.path(), 7));
}

TEST_CASE("the start time is found behind any command name") {
    ProcTree proc;
    proc.write(7, "stat", "7 (a) b) R 0) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2\n");
    // Fields 3 to 21 follow the last ')': S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0, then field 22.
    const auto stat = read_stat(proc.path(), 7);
    REQUIRE(stat);
    CHECK(stat->start_ticks == 987654);
    CHECK(stat->parent_pid == 1);
    CHECK(stat->name == "a) b) R 0");
    proc.write(8, "stat", "8 (imap) S 1");
    CHECK_FALSE(read_stat(proc.path(), 8));
    CHECK_FALSE(read_stat(proc.path(), 9));
}

TEST_CASE("the own start time is that of /proc") {
    const auto stat = read_stat("/proc", getpid());
    REQUIRE(stat);
    CHECK(stat->parent_pid == getppid());
    CHECK(stat->start_ticks > 0);
}

TEST_CASE("a capability tells whether others may be looked at") {
    ProcTree proc;
    std::filesystem::create_directories(proc.path() / "self");
    const auto has = [&](const std::string& capabilities) {
        std::ofstream(proc.path() / "self" / "status")
            << "Name:\tx\nCapEff:\t" << capabilities << "\nCapBnd:\t0\n";
        return may_look_at_others(proc.path());
    };
    CHECK(has("000001fffeffffff"));
    CHECK(has("0000000000080000"));
    CHECK_FALSE(has("000001fffef7ffff"));
    CHECK_FALSE(has("0000000000000000"));
    std::filesystem::remove(proc.path() / "self" / "status");
    CHECK_FALSE(may_look_at_others(proc.path()));
}

TEST_CASE("a library is found among the mappings by its name") {
    const std::string maps =
        "55d0-55d1 r--p 00000000 fe:00 1 /usr/sbin/dovecot\n"
        "7f00-7f10 rw-p 00000000 00:00 0 \n"
        "7f10-7f20 r--p 00000000 fe:00 2 /usr/lib/dovecot/libdovecot-storage.so.0.0.0\n"
        "7f20-7f30 r--p 00000000 fe:00 3 /opt/my dovecot/libdovecot.so.0.0.0 (deleted)\n";
    const auto library = find_mapping(maps, "libdovecot.so.");
    REQUIRE(library);
    CHECK(library->range == "7f20-7f30");
    CHECK(library->path == "/opt/my dovecot/libdovecot.so.0.0.0");
    CHECK_FALSE(find_mapping(maps, "libc.so."));
    CHECK_FALSE(find_mapping("", "libdovecot.so."));
}

TEST_CASE("children of a master with their own program are Dovecot's") {
    ProcTree proc;
    const auto uid = getuid();
    proc.runs(10, "dovecot");
    proc.runs(11, "imap");
    proc.runs(12, "imap-hibernate");
    const auto found =
        find_dovecot_processes(proc.path(),
                               {entry(10, 1, "dovecot", uid), entry(11, 10, "imap", uid),
                                entry(12, 10, "imap-hibernate", uid), entry(13, 10, "auth", uid)},
                               uid);
    CHECK(found.masters == std::vector{ProcessKey{10, 1000}});
    CHECK(found.all.size() == 4);
    REQUIRE(found.children.size() == 2);
    CHECK(found.children[0].role == ProcessRole::imap);
    CHECK(found.children[1].role == ProcessRole::imap_hibernate);
    CHECK(found.children[0].parent_pid == 10);
}

TEST_CASE("dovecot-lda delivers for root and for who is named") {
    ProcTree proc;
    const auto file_owner = getuid();
    const auto delivers = [&](bool names_suffice = false) {
        return may_deliver(proc.path(), 10, file_owner, {5000}, names_suffice);
    };
    proc.write(10, "status", "Name:\tdovecot-lda\nUid:\t0\t0\t0\t0\n");

    SECTION("the administrator's program, set-uid or not") {
        proc.runs(10, "dovecot-lda", GENERATE(0755, 04755));
        CHECK(delivers());
        proc.write(10, "status", "Name:\tdovecot-lda\nUid:\t5000\t0\t0\t0\n");
        CHECK(delivers());
        proc.write(10, "status", "Name:\tdovecot-lda\nUid:\t5001\t0\t0\t0\n");
        CHECK_FALSE(delivers());
        proc.write(10, "status", "Name:\tdovecot-lda\n");
        CHECK_FALSE(delivers());
    }
    SECTION("another program") {
        proc.runs(10, "true");
        CHECK_FALSE(delivers());
    }
    SECTION("a program that others may write") {
        proc.runs(10, "dovecot-lda", 0777);
        CHECK_FALSE(delivers());
    }
    SECTION("a program that may not be looked at") {
        CHECK_FALSE(delivers());
        CHECK(delivers(true));
    }
}

TEST_CASE("what merely looks like Dovecot is not") {
    ProcTree proc;
    const auto uid = getuid();
    proc.runs(11, "imap");

    SECTION("a parent with another uid") {
        proc.runs(10, "dovecot");
        const auto found = find_dovecot_processes(
            proc.path(), {entry(10, 1, "dovecot", uid + 1), entry(11, 10, "imap", uid)}, uid);
        CHECK(found.children.empty());
    }
    SECTION("a set-uid parent, as su under the name dovecot") {
        proc.runs(10, "dovecot", 04755);
        const auto found = find_dovecot_processes(
            proc.path(), {entry(10, 1, "dovecot", uid), entry(11, 10, "imap", uid)}, uid);
        CHECK(found.masters.empty());
        CHECK(found.children.empty());
    }
    SECTION("a parent that runs another program") {
        proc.runs(10, "su");
        const auto found = find_dovecot_processes(
            proc.path(), {entry(10, 1, "dovecot", uid), entry(11, 10, "imap", uid)}, uid);
        CHECK(found.children.empty());
    }
    SECTION("a program that others may write") {
        proc.runs(10, "dovecot");
        proc.runs(12, "pop3", 0777);
        const auto found = find_dovecot_processes(
            proc.path(), {entry(10, 1, "dovecot", uid), entry(12, 10, "pop3", uid)}, uid);
        CHECK(found.children.empty());
    }
    SECTION("no master at all") {
        CHECK(find_dovecot_processes(proc.path(), {entry(11, 1, "imap", uid)}, uid).children.empty());
    }
}
