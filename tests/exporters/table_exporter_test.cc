#include "tests/exporters/table_fixture.h"

#include <catch2/catch.hpp>
#include <sys/stat.h>

namespace dovewatch::test {
namespace {

class Prepared : public TableFixture {
  public:
    Prepared() { start(); }
};

std::string refused(const TableOptions& options, Error::Kind kind = Error::Kind::usage) {
    SQLite::Database state(":memory:", SQLite::OPEN_READWRITE);
    const auto prepared = TableExporter(options).prepare(state);
    REQUIRE_FALSE(prepared.has_value());
    CHECK(prepared.error().kind == kind);
    return prepared.error().message;
}

} // namespace

TEST_CASE_METHOD(Prepared, "The first table has its header alone") {
    push();
    CHECK(rows().empty());
    CHECK(exporter->name() == "table");
}

TEST_CASE_METHOD(Prepared, "An IMAP user is active while online") {
    take({logged_in(1, "sue", Service::imap, 0), logged_in(2, "sue", Service::imap, 0)});
    push();
    CHECK(rows() == "pop-b\tsue\t1\t?\t?\n");
    time->advance(1s);
    take({logged_out(1, "sue", Service::imap, 1)});
    push();
    CHECK(rows() == "pop-b\tsue\t1\t?\t?\n");
    time->advance(1s);
    take({logged_out(2, "sue", Service::imap, 2)});
    push();
    CHECK(rows() == "pop-b\tsue\t0\t?\t?\n");
}

TEST_CASE_METHOD(Prepared, "A POP3 user is active for the window after the last session") {
    take({logged_in(1, "tom", Service::pop3, 0)});
    push();
    CHECK(rows() == "pop-b\ttom\t1\t?\t?\n");
    time->advance(10s);
    take({logged_out(1, "tom", Service::pop3, 10)});
    push();
    CHECK(rows() == "pop-b\ttom\t1\t?\t?\n");

    time->advance(595s);
    CHECK(push() == 5s); // the window's end, and not the interval's
    CHECK(rows() == "pop-b\ttom\t1\t?\t?\n");
    time->advance(5s);
    CHECK(push() == 60s);
    CHECK(rows() == "pop-b\ttom\t0\t?\t?\n");
}

TEST_CASE_METHOD(TableFixture, "The window is configurable") {
    options.active_window = 30s;
    start();
    take({logged_out(1, "tom", Service::pop3, 0), logged_out(2, "ann", Service::pop3, -29)});
    CHECK(push() == 1s);
    CHECK(rows() == "pop-b\tann\t1\t?\t?\npop-b\ttom\t1\t?\t?\n");
    time->advance(1s);
    push();
    CHECK(rows() == "pop-b\tann\t0\t?\t?\npop-b\ttom\t1\t?\t?\n");
}

TEST_CASE_METHOD(Prepared, "An older session that comes again does not shorten the window") {
    take({logged_out(2, "tom", Service::pop3, -10), logged_out(1, "tom", Service::pop3, -1000)}, true);
    push();
    CHECK(rows() == "pop-b\ttom\t1\t?\t?\n");
}

TEST_CASE_METHOD(Prepared, "An end in a future that the clock took back makes nobody active") {
    take({logged_out(1, "tom", Service::pop3, 100'000)});
    push();
    CHECK(rows() == "pop-b\ttom\t0\t?\t?\n");
}

TEST_CASE_METHOD(Prepared, "An end that is taken back makes a session online again") {
    take({logged_in(1, "sue", Service::imap, 0), logged_out(1, "sue", Service::imap, 1),
          logged_in(1, "sue", Service::imap, 0)});
    push();
    CHECK(rows() == "pop-b\tsue\t1\t?\t?\n");
}

TEST_CASE_METHOD(TableFixture, "Only the services that were chosen make a user active") {
    const std::vector<Activity> sessions{logged_in(1, "imap", Service::imap, 0),
                                         logged_out(2, "pop3", Service::pop3, 0),
                                         logged_in(3, "sieve", Service::managesieve, 0), delivery("lmtp", 0)};
    SECTION("imap and pop3 by default") {
        start();
        take(sessions);
        push();
        CHECK(rows() == "pop-b\timap\t1\t?\t?\npop-b\tlmtp\t0\t?\t?\npop-b\tpop3\t1\t?\t?\n"
                        "pop-b\tsieve\t0\t?\t?\n");
    }
    SECTION("others") {
        options.services = {Service::managesieve};
        start();
        take(sessions);
        push();
        CHECK(rows() == "pop-b\timap\t0\t?\t?\npop-b\tlmtp\t0\t?\t?\npop-b\tpop3\t0\t?\t?\n"
                        "pop-b\tsieve\t1\t?\t?\n");
    }
}

TEST_CASE_METHOD(TableFixture, "What is known outlives the exporter") {
    start();
    take({logged_in(1, "sue", Service::imap, 0), logged_out(2, "tom", Service::pop3, 0)});
    start();
    take({logged_in(1, "sue", Service::imap, 0)}, true);
    push();
    CHECK(rows() == "pop-b\tsue\t1\t?\t?\npop-b\ttom\t1\t?\t?\n");
}

TEST_CASE_METHOD(Prepared, "A change is written at once, but not twice within the gap") {
    push();
    time->advance(1s);
    take({logged_in(1, "ann", Service::imap, 1)});
    push();
    CHECK(total("tables written") == 2);
    time->advance(400ms);
    take({logged_in(2, "bob", Service::imap, 1)});
    CHECK(push() == 600ms);
    CHECK(rows() == "pop-b\tann\t1\t?\t?\n");
    time->advance(600ms);
    CHECK(push() == 60s);
    CHECK(rows() == "pop-b\tann\t1\t?\t?\npop-b\tbob\t1\t?\t?\n");
    CHECK(total("tables written") == 3);
}

TEST_CASE_METHOD(Prepared, "Without a change the table is written at the interval") {
    CHECK(push() == 60s);
    time->advance(59s);
    CHECK(push() == 1s);
    CHECK(total("tables written") == 1);
    fs::remove(options.file);
    time->advance(1s);
    CHECK(push() == 60s);
    CHECK(total("tables written") == 2);
    CHECK(fs::exists(options.file));
}

TEST_CASE_METHOD(Prepared, "What changes nothing in the table is not written") {
    take({logged_in(1, "sue", Service::imap, 0)});
    push();
    time->advance(2s);
    take({logged_in(2, "sue", Service::imap, 2)});
    CHECK(push() == 58s);
    CHECK(total("tables written") == 1);
}

TEST_CASE_METHOD(TableFixture, "The table is replaced as a whole, with its mode") {
    options.mode = 0640;
    start();
    push();
    struct stat before {};
    REQUIRE(stat(options.file.c_str(), &before) == 0);
    CHECK((before.st_mode & 07777) == 0640);
    fs::create_hard_link(options.file, folder / "kept"); // a reader that has it open
    time->advance(1s);
    take({logged_in(1, "sue", Service::imap, 0)});
    push();
    CHECK(bytes_of(folder / "kept") == "host\tuser\tactive\tnfiles\tbytes\n");
    CHECK(rows() == "pop-b\tsue\t1\t?\t?\n");
    CHECK_FALSE(fs::exists(folder / "table.new"));
}

TEST_CASE_METHOD(Prepared, "No symbolic link in the way of the table is followed") {
    write_bytes(folder / "precious", "precious");
    fs::create_symlink(folder / "precious", folder / "table");
    fs::create_symlink(folder / "precious", folder / "table.new");
    push();
    CHECK(rows().empty());
    CHECK_FALSE(fs::is_symlink(options.file));
    CHECK(bytes_of(folder / "precious") == "precious");
}

TEST_CASE_METHOD(Prepared, "A table that cannot be written is tried again") {
    fs::create_directories(options.file / "in the way");
    take({logged_in(1, "sue", Service::imap, 0)});
    const auto pushed = exporter->push(state);
    REQUIRE_FALSE(pushed.has_value());
    CHECK(pushed.error().kind == Error::Kind::unavailable);
    CHECK_THAT(pushed.error().message, Catch::Contains(options.file.string()));
    CHECK_FALSE(fs::exists(folder / "table.new"));
    fs::remove_all(options.file);
    time->advance(1s);
    push();
    CHECK(rows() == "pop-b\tsue\t1\t?\t?\n");
}

TEST_CASE_METHOD(Prepared, "A user who is forgotten leaves the table") {
    take({logged_in(1, "sue", Service::imap, 0), logged_in(2, "tom", Service::imap, 0)});
    must(forget_table_user(state, "sue"));
    push();
    CHECK(rows() == "pop-b\ttom\t1\t?\t?\n");
    must(forget_table_user(state, "nobody"));
}

TEST_CASE("Where no table was ever made there is nobody to forget") {
    SQLite::Database state(":memory:", SQLite::OPEN_READWRITE);
    must(forget_table_user(state, "sue"));
}

TEST_CASE("A table names its file; its folder may come later") {
    const TemporaryFolder folder;
    TableOptions options;
    CHECK_THAT(refused(options), Catch::Contains("name of its file"));
    options.file = folder / "none/table";
    CHECK_THAT(refused(options, Error::Kind::unavailable), Catch::Contains("none does not exist"));
    options.file = folder.path();
    CHECK_THAT(refused(options), Catch::Contains("is a folder"));
    options.file = folder / "table";
    options.mail_location = "maildir:/v/%q";
    CHECK_THAT(refused(options), Catch::Contains("%q"));
}

TEST_CASE_METHOD(TableFixture, "Without a name the host is this one") {
    options.host.clear();
    start();
    take({logged_in(1, "sue", Service::imap, 0)});
    push();
    std::array<char, 256> name{};
    REQUIRE(gethostname(name.data(), name.size() - 1) == 0);
    CHECK(rows() == std::string(name.data()) + "\tsue\t1\t?\t?\n");
}

} // namespace dovewatch::test
