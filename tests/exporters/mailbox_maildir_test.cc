#include "tests/exporters/mail_sample.h"
#include "tests/store/process.h"

#include <catch2/catch.hpp>
#include <sys/stat.h>

namespace dovewatch::test {
namespace {

using table::size_in_name;

class Maildir {
  public:
    Maildir() { make_maildir(path()); }
    fs::path path() const { return folder_ / "Maildir"; }
    fs::path outside() const { return folder_ / "outside"; }

  private:
    TemporaryFolder folder_;
};

bool needs_root() {
    return skip_unless(geteuid() == 0, "only root can become another user");
}

void demand_unknown_to_nobody(const fs::path& maildir, const std::string& cause, bool subfolders = false) {
    CHECK(as_nobody(nobody, [&] {
        const auto size = count_maildir(maildir, subfolders);
        demand(!size.files && !size.bytes, "counted in spite of all");
        demand(size.cause.find(cause) != std::string::npos, size.cause);
    }));
}

} // namespace

TEST_CASE("The messages of a Maildir are those in new and cur") {
    const Maildir maildir;
    check_size(count_maildir(maildir.path()), 0, 0);
    put_file(maildir.path() / "new/1.a.host", "1234");
    put_file(maildir.path() / "cur/2.a.host:2,S", "123456");
    put_file(maildir.path() / "tmp/3.a.host", "1234567890");
    put_file(maildir.path() / "dovecot-uidlist", "3 V1");
    check_size(count_maildir(maildir.path()), 2, 10);
}

TEST_CASE("A size in a name is believed without a look at the file") {
    const Maildir maildir;
    put_file(maildir.path() / "cur/1.a.host,S=1000,W=1020:2,S", "12");
    put_file(maildir.path() / "new/2.a.host,S=2000", "12");
    check_size(count_maildir(maildir.path()), 2, 3000);
}

TEST_CASE("Sizes in names are read as Dovecot reads them") {
    CHECK(size_in_name("1.host,S=12") == 12);
    CHECK(size_in_name("1.host,S=12:2,") == 12);
    CHECK(size_in_name("1.host,S=12;2,S") == 12);
    CHECK(size_in_name("1.host,W=3,S=12,X=1:2,S") == 12);
    CHECK_FALSE(size_in_name("1.host,W=12:2,S"));
    CHECK_FALSE(size_in_name("1.host:2,S=12"));
    CHECK_FALSE(size_in_name("1.host,S=:2,S"));
    CHECK_FALSE(size_in_name("1.host,S=12x:2,S"));
    CHECK_FALSE(size_in_name("1.host,S=-12:2,S"));
    CHECK_FALSE(size_in_name("1.host,S=99999999999999999999:2,S"));
    CHECK_FALSE(size_in_name(""));
}

TEST_CASE("Odd names are files like others, but for a dot in front") {
    const Maildir maildir;
    for (const char* name : {"new line\n", "\x1b[2J", "\xff\xfe", "-rf *", "a b", ",S=", ":2,S", "x,S=abc",
                             "x,S=18446744073709551616", "'\"$(id)"}) {
        put_file(maildir.path() / "cur" / name, "12345");
    }
    put_file(maildir.path() / "cur" / std::string(255, 'x'), "12345");
    put_file(maildir.path() / "cur/.hidden", "12345");
    check_size(count_maildir(maildir.path()), 11, 55);
}

TEST_CASE("Names may claim any size, and the sum overflows nothing") {
    const Maildir maildir;
    put_file(maildir.path() / "cur/1,S=9223372036854775807");
    put_file(maildir.path() / "cur/2,S=9223372036854775807");
    check_size(count_maildir(maildir.path()), 2, 9223372036854775807);
}

TEST_CASE("Folders, FIFOs and symbolic links among the messages are none") {
    const Maildir maildir;
    put_file(maildir.outside(), "secret");
    fs::create_directory(maildir.path() / "cur/1,S=5:2,");
    REQUIRE(mkfifo((maildir.path() / "cur/2,S=5:2,").c_str(), 0644) == 0);
    fs::create_symlink(maildir.outside(), maildir.path() / "cur/3,S=5:2,");
    fs::create_symlink(maildir.outside(), maildir.path() / "cur/4.host:2,");
    check_size(count_maildir(maildir.path()), 0, 0);
}

TEST_CASE("No symbolic link leads out of the store") {
    const Maildir maildir;
    make_maildir(maildir.outside());
    put_file(maildir.outside() / "cur/1.host", "secret");
    const fs::path& path = maildir.path();

    SECTION("not as the store") {
        fs::remove_all(path);
        fs::create_symlink(maildir.outside(), path);
        check_unknown(count_maildir(path), "a symbolic link");
    }
    SECTION("not as cur or new") {
        const auto* name = GENERATE("cur", "new");
        fs::remove(path / name);
        fs::create_symlink(maildir.outside() / "cur", path / name);
        check_unknown(count_maildir(path), std::string(name) + ": a symbolic link");
    }
    SECTION("not as a subfolder, or its cur") {
        fs::create_symlink(maildir.outside(), path / ".Out");
        fs::create_directory(path / ".Half");
        fs::create_symlink(maildir.outside() / "cur", path / ".Half/cur");
        check_size(count_maildir(path, true), 0, 0);
    }
}

TEST_CASE("Symbolic links above the store are the administrator's") {
    const Maildir maildir;
    put_file(maildir.path() / "cur/1.host", "12");
    fs::create_directory_symlink(maildir.path().parent_path(), maildir.outside());
    check_size(count_maildir(maildir.outside() / "Maildir"), 1, 2);
}

TEST_CASE("Subfolders are counted by choice") {
    const Maildir maildir;
    put_file(maildir.path() / "cur/1.host", "1");
    make_maildir(maildir.path() / ".Sent");
    put_file(maildir.path() / ".Sent/cur/2.host:2,S", "12");
    make_maildir(maildir.path() / ".Sent.2026");
    put_file(maildir.path() / ".Sent.2026/new/3.host", "123");
    put_file(maildir.path() / ".no-folder/4.host", "1234");
    put_file(maildir.path() / "visible/cur/5.host", "12345");
    check_size(count_maildir(maildir.path()), 1, 1);
    check_size(count_maildir(maildir.path(), true), 3, 6);
}

TEST_CASE("A store that is not there is unknown") {
    const Maildir maildir;
    check_unknown(count_maildir(maildir.outside()), "outside: no such folder");
    fs::remove(maildir.path() / "cur");
    check_unknown(count_maildir(maildir.path()), "cur: no such folder");
}

TEST_CASE("A new that is not there yet is empty") {
    const Maildir maildir;
    fs::remove(maildir.path() / "new");
    put_file(maildir.path() / "cur/1.host", "12");
    check_size(count_maildir(maildir.path()), 1, 2);
}

TEST_CASE("A folder without permission makes the store unknown") {
    if (needs_root()) {
        return;
    }
    const Maildir maildir;
    put_file(maildir.path() / "cur/1.host", "12");
    const fs::path sent = maildir.path() / ".Sent";
    make_maildir(sent);
    SECTION("the store") {
        chmod(maildir.path().c_str(), 0700);
        demand_unknown_to_nobody(maildir.path(), "Permission denied");
    }
    SECTION("cur") {
        chmod((maildir.path() / "cur").c_str(), 0700);
        demand_unknown_to_nobody(maildir.path(), "cur: Permission denied");
    }
    SECTION("files that cannot be looked at") {
        chmod((maildir.path() / "cur").c_str(), 0744);
        demand_unknown_to_nobody(maildir.path(), "1.host: Permission denied");
    }
    SECTION("a subfolder") {
        chmod(sent.c_str(), 0700);
        demand_unknown_to_nobody(maildir.path(), ".Sent: Permission denied", true);
    }
}

TEST_CASE("Files that vanish while they are counted are not there") {
    const Maildir maildir;
    for (int i = 0; i < 100; ++i) {
        put_file(maildir.path() / "cur" / std::to_string(i), "12345");
    }
    int steps = 0;
    const auto size = count(location_of(table::MailFormat::maildir, maildir.path()), [&] {
        if (++steps == 41) { // the first step is the store's: 39 are counted
            fs::remove_all(maildir.path() / "cur");
        }
        return true;
    });
    CHECK(steps == 101); // all names were read before
    check_size(size, 39, 195);
}

TEST_CASE("A file that becomes a symbolic link while it is counted is not followed") {
    const Maildir maildir;
    put_file(maildir.outside(), "secret");
    put_file(maildir.path() / "cur/1.host", "12");
    int steps = 0;
    const auto size = count(location_of(table::MailFormat::maildir, maildir.path()), [&] {
        if (++steps == 2) { // its name was read
            fs::remove(maildir.path() / "cur/1.host");
            fs::create_symlink(maildir.outside(), maildir.path() / "cur/1.host");
        }
        return true;
    });
    CHECK(steps == 2);
    check_size(size, 0, 0);
}

TEST_CASE("A subfolder that vanishes before it is opened is not there") {
    const Maildir maildir;
    make_maildir(maildir.path() / ".Sent");
    int steps = 0;
    const auto size = count(location_of(table::MailFormat::maildir, maildir.path(), true), [&] {
        fs::remove_all(maildir.path() / ".Sent");
        return ++steps > 0;
    });
    CHECK(steps > 1);
    check_size(size, 0, 0);
}

TEST_CASE("A count that may not go on is unknown as a whole") {
    const Maildir maildir;
    for (int i = 0; i < 10; ++i) {
        put_file(maildir.path() / "cur" / std::to_string(i), "12345");
    }
    int steps = 0;
    check_unknown(count(location_of(table::MailFormat::maildir, maildir.path()), [&] { return ++steps < 5; }),
                  "time limit");
    CHECK(steps == 5);
}

TEST_CASE("A Maildir of 100,000 files is counted") {
    const Maildir maildir;
    for (int i = 0; i < 100'000; ++i) {
        const auto name = std::to_string(i) + (i % 2 == 0 ? ".M1P2.host,S=1000:2,S" : ".M1P2.host:2,S");
        write_bytes(maildir.path() / "cur" / name, "x");
    }
    check_size(count_maildir(maildir.path()), 100'000, 50'000 * 1000 + 50'000);
}

} // namespace dovewatch::test
