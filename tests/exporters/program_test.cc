// The program itself, on a database that the store wrote.
#include "store/writer.h"
#include "tests/exporters/fake_reader.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dovewatch::test {
namespace {

class Folder {
  public:
    Folder() {
        std::string name = std::filesystem::temp_directory_path() / "dovewatch-program-XXXXXX";
        path_ = mkdtemp(name.data());
        chmod(path_.c_str(), 0755);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::filesystem::path operator/(const char* name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

struct Ended {
    int status; // as the shell has it
    std::string out;
};

Ended shell(const std::string& command) {
    FILE* pipe = popen(command.c_str(), "r"); // NOLINT(cert-env33-c)
    REQUIRE(pipe != nullptr);
    std::string out;
    std::array<char, 4096> part{};
    for (std::size_t n = 0; (n = fread(part.data(), 1, part.size(), pipe)) > 0;) {
        out.append(part.data(), n);
    }
    return {WEXITSTATUS(pclose(pipe)), out};
}

std::string program(const std::filesystem::path& database) {
    return std::string(DOVEWATCH_PROGRAM " --database ") + database.native() + " ";
}

Result<std::unique_ptr<Writer>> fill(const std::filesystem::path& database, int sessions) {
    auto writer = Writer::open(database);
    if (!writer) {
        return writer;
    }
    std::vector<SessionChange> changes{SessionEnded{tom()}, Delivered{ann()}};
    for (int i = 0; i < sessions; ++i) {
        Session session = sue();
        session.id = i + 10;
        session.user = "user" + std::to_string(i) + "@example.org";
        changes.emplace_back(SessionBegan{session});
    }
    DaemonStatus status;
    status.version = "0.1.0";
    status.counters = {{"kernel", "events", 3, false}};
    REQUIRE((*writer)->commit(changes, {}));
    REQUIRE((*writer)->commit_status(status));
    return writer;
}

TEST_CASE("the program reads what the store wrote") {
    const Folder folder;
    const auto database = folder / "dovewatch.db";
    auto writer = fill(database, 3);
    REQUIRE(writer);

    const auto who = shell(program(database) + "who 2>&1");
    CHECK(who.out == "username                   #  service      (pids)            (ips)\n"
                     "user0@example.org          1  imap         (4233)            (192.0.2.7)\n"
                     "user1@example.org          1  imap         (4233)            (192.0.2.7)\n"
                     "user2@example.org          1  imap         (4233)            (192.0.2.7)\n");
    CHECK(who.status == 0);
    CHECK(nlohmann::json::parse(shell(program(database) + "last --json").out).size() == 5);
    CHECK(shell(program(database) + "last tom --csv 2>&1 | wc -l").out == "2\n");
    CHECK(shell(program(database) + "lastlogin ann").out.find("lmtp ip") != std::string::npos);

    const auto status = shell(program(database) + "status 2>&1");
    CHECK(status.status == 0);
    CHECK_THAT(status.out,
               Catch::StartsWith("daemon      running (pid " + std::to_string(getpid()) + ")\n") &&
                   Catch::EndsWith("\nnothing lost\n"));

    writer->reset();
    CHECK(shell(program(database) + "status").status == 3);
    const auto orphaned = shell(program(database) + "who 2>&1 >/dev/null");
    CHECK(orphaned.status == 0);
    CHECK_THAT(orphaned.out, Catch::StartsWith("dovewatch: warning: dovewatchd is not running"));
}

TEST_CASE("the program says why it cannot read") {
    const Folder folder;
    const auto missing = shell(program(folder / "none.db") + "who 2>&1");
    CHECK(missing.status == 1);
    CHECK_THAT(missing.out, Catch::StartsWith("dovewatch: ") && Catch::Contains("none.db"));
    CHECK(shell(program(folder / "none.db") + "status 2>&1").status == 1);

    std::ofstream(folder / "text.db") << std::string(5000, 'x');
    const auto text = shell(program(folder / "text.db") + "who 2>&1");
    CHECK(text.status == 1);
    CHECK_THAT(text.out, Catch::StartsWith("dovewatch: ") && Catch::Contains("text.db"));
}

TEST_CASE("the program says that it may not read") {
    if (geteuid() != 0) {
        WARN("skipped: only root can become nobody");
        return;
    }
    const Folder folder;
    const auto database = folder / "dovewatch.db";
    REQUIRE(fill(database, 1));
    const auto copy = folder / "dovewatch"; // where nobody can reach it
    std::filesystem::copy_file(DOVEWATCH_PROGRAM, copy);
    const auto outcome = shell("setpriv --reuid nobody --regid nogroup --clear-groups " + copy.native() +
                               " --database " + database.native() + " who 2>&1");
    CHECK(outcome.status == 1);
    CHECK_THAT(outcome.out, Catch::StartsWith("dovewatch: ") && Catch::Contains("permission"));
}

TEST_CASE("the program says that it cannot write") {
    const Folder folder;
    const auto database = folder / "dovewatch.db";
    const auto writer = fill(database, 2000);
    REQUIRE(writer);
    for (const char* command : {"who", "who -1", "who --json", "last --csv", "lastlogin",
                                "user user0@example.org", "status", "--help"}) {
        CAPTURE(command);
        const auto full = shell(program(database) + command + " 2>&1 >/dev/full");
        CHECK(full.out == "dovewatch: cannot write standard output: No space left on device\n");
        CHECK(full.status == 1);
        CHECK(shell(program(database) + command + " 2>&1 >&-").status == 1);
    }
}

// The most memory that the program held, in KiB. Asked of a shell that is small itself, since what a process
// held before it became another program counts. Freed memory is not kept back from reuse.
long peak_memory(const std::string& command) {
    const auto asked =
        shell("ASAN_OPTIONS=quarantine_size_mb=0:thread_local_quarantine_size_kb=0 python3 -c '"
              "import resource, subprocess, sys; "
              "subprocess.run(sys.argv[1], shell=True, check=True, stdout=subprocess.DEVNULL); "
              "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' \"" +
              command + "\" 2>&1");
    CAPTURE(asked.out);
    REQUIRE(asked.status == 0);
    return std::stol(asked.out);
}

TEST_CASE("the program streams a hundred thousand rows") {
    constexpr int rows = 100'000;
    const Folder folder;
    const auto database = folder / "dovewatch.db";
    const auto writer = fill(database, rows);
    REQUIRE(writer);
    CHECK(shell(program(database) + "last --csv | wc -l").out == std::to_string(rows + 3) + "\n");
    CHECK(shell(program(database) + "last --json | tail -1").out == "]\n");
    for (const std::string format : {"", " --json", " --csv"}) {
        CAPTURE(format);
        const long few = peak_memory(program(database) + "last -n 10" + format);
        CHECK(peak_memory(program(database) + "last" + format) < few + 8192);
        CHECK(peak_memory(program(database) + "lastlogin" + format) < few + 8192);
    }
}

TEST_CASE("the program reads the users of --never from standard input") {
    const Folder folder;
    const auto database = folder / "dovewatch.db";
    REQUIRE(fill(database, 2));
    const auto never = shell("printf 'zoe\nuser0@example.org\nann\n' | " + program(database) +
                             "lastlogin --never --users - 2>/dev/null");
    CHECK(never.out == "user\nzoe\nann\n"); // ann has deliveries alone
    const auto user = shell(program(database) + "user user1@example.org 2>/dev/null");
    CHECK(user.status == 0);
    CHECK_THAT(user.out, Catch::Contains("\nonline        1 session\n"));
    CHECK(shell(program(database) + "user user 2>&1 | tail -1").out == "user was never seen\n");
}

TEST_CASE("the program ends quietly when its reader does") {
    const Folder folder;
    const auto database = folder / "dovewatch.db";
    const auto writer = fill(database, 5000);
    REQUIRE(writer);
    for (const char* command : {"who", "last --json"}) {
        CAPTURE(command);
        const auto ended = shell("bash -c '" + program(database) + command +
                                 " 2>&1 | head -1 >/dev/null; echo ${PIPESTATUS[0]}' 2>&1");
        CHECK(ended.out == "141\n"); // SIGPIPE, and not a word
    }
}

} // namespace
} // namespace dovewatch::test
