#include "tests/exporters/table_fixture.h"

#include <catch2/catch.hpp>

namespace dovewatch::test {
namespace {

class Counting : public TableFixture {
  public:
    Counting() {
        options.mail_location = "maildir:" + (folder / "mail/%n").string();
        for (const char* user : {"sue", "tom"}) {
            make_maildir(maildir(user));
        }
        start();
    }

    fs::path maildir(const std::string& user) const { return folder / "mail" / user; }

    void deliver(const std::string& user, const std::string& name) const {
        write_bytes(maildir(user) / "new" / name, "1234567890");
    }
};

} // namespace

TEST_CASE_METHOD(Counting, "A mailbox is counted when its user is seen, and when a session has ended") {
    deliver("sue", "1");
    take({logged_in(1, "sue", Service::imap, 0)});
    count(1);
    CHECK(rows() == "pop-b\tsue\t1\t1\t10\n");

    deliver("sue", "2");
    time->advance(1h);
    take({logged_in(1, "sue", Service::imap, 0)}); // it changed, but did not end
    push();
    CHECK(total("mailboxes counted") == 1);
    CHECK(rows() == "pop-b\tsue\t1\t1\t10\n");

    take({logged_out(1, "sue", Service::imap, 3600)});
    count(2);
    CHECK(rows() == "pop-b\tsue\t0\t2\t20\n");
    CHECK(total("files counted") == 3);
}

TEST_CASE_METHOD(Counting, "Deliveries make a user known, and the mailbox is not counted again for each") {
    deliver("sue", "1");
    take({delivery("sue", 0)});
    count(1);
    for (int i = 2; i < 10; ++i) {
        deliver("sue", std::to_string(i));
        Delivery delivered = delivery("sue", 0);
        delivered.at = utc(i);
        take({delivered});
        time->advance(options.min_gap);
        CHECK(push() > 50ms); // nothing is being counted
    }
    CHECK(total("mailboxes counted") == 1);
    CHECK(rows() == "pop-b\tsue\t0\t1\t10\n");
}

TEST_CASE_METHOD(Counting, "A mailbox is counted again when its count is too old") {
    take({logged_in(1, "sue", Service::imap, 0)});
    count(1);
    deliver("sue", "1");
    time->advance(24h - 2s - options.min_gap);
    push();
    CHECK(push() == 2s);
    CHECK(total("mailboxes counted") == 1);
    time->advance(2s);
    count(2);
    CHECK(rows() == "pop-b\tsue\t1\t1\t10\n");
}

TEST_CASE_METHOD(Counting, "Rows that are replayed are not counted again") {
    take({logged_out(1, "sue", Service::imap, 0), logged_out(2, "tom", Service::imap, 0)});
    time->advance(1min);
    count(2);
    time->advance(1min);
    take({logged_out(1, "sue", Service::imap, 0), logged_out(3, "tom", Service::imap, 100)}, true);
    count(3);
    CHECK(total("mailboxes counted") == 3);
    CHECK(push() > 50ms); // nothing is being counted
}

TEST_CASE_METHOD(Counting, "A session that ends while its mailbox is counted makes it due again") {
    folders->shut();
    take({logged_in(1, "sue", Service::imap, 0)});
    CHECK(push() == 50ms);
    folders->wait_for_hanging(1);
    take({logged_out(1, "sue", Service::imap, 0.5)});
    push();
    folders->open();
    count(2);
    CHECK(rows() == "pop-b\tsue\t0\t0\t0\n");
}

TEST_CASE_METHOD(Counting, "A mailbox that cannot be counted is unknown, with the cause at hand") {
    take({logged_in(1, "nobody", Service::imap, 0), logged_in(2, "..", Service::imap, 0)});
    count(2);
    CHECK(rows() == "pop-b\t..\t1\t?\t?\npop-b\tnobody\t1\t?\t?\n");
    CHECK(total("mailboxes unknown") == 2);
    CHECK(total("mailboxes counted") == 0);
    const auto cause = [&](const std::string& user) {
        return state.execAndGet("SELECT cause FROM table_user WHERE user = '" + user + "'").getString();
    };
    CHECK_THAT(cause("nobody"), Catch::Contains("no such folder"));
    CHECK_THAT(cause(".."), Catch::Contains("lead out"));
}

TEST_CASE_METHOD(Counting, "What was known becomes unknown, and never 0") {
    deliver("sue", "1");
    take({logged_in(1, "sue", Service::imap, 0)});
    count(1);
    fs::remove_all(maildir("sue"));
    take({logged_out(1, "sue", Service::imap, 1)});
    count(2);
    CHECK(rows() == "pop-b\tsue\t0\t?\t?\n");
}

TEST_CASE_METHOD(Counting, "Many mailboxes are counted, batch after batch") {
    std::vector<Activity> sessions;
    for (int i = 0; i < 250; ++i) {
        make_maildir(maildir(std::to_string(i)));
        sessions.emplace_back(logged_in(i + 1, std::to_string(i), Service::imap, 0));
    }
    take(sessions);
    count(250);
    CHECK(total("mailboxes counted") == 250);
    CHECK(rows().find('?') == std::string::npos);
}

TEST_CASE_METHOD(Counting, "The table is written while a file system hangs") {
    folders->shut();
    take({logged_in(1, "sue", Service::imap, 0)});
    push();
    folders->wait_for_hanging(1);
    time->advance(1s);
    take({logged_in(2, "tom", Service::imap, 1)});
    push();
    CHECK(rows() == "pop-b\tsue\t1\t?\t?\npop-b\ttom\t1\t?\t?\n");

    time->advance(options.time_limit + 1s);
    push();
    CHECK(total("counts over the time limit") == 1);
    folders->wait_for_hanging(2); // the next one is tried
}

TEST_CASE_METHOD(Counting, "Four file systems that hang stop the counting, which is reported once") {
    folders->shut();
    for (int i = 1; i <= 4; ++i) {
        take({logged_in(i, "user" + std::to_string(i), Service::imap, 0)});
        push();
        folders->wait_for_hanging(i);
        time->advance(options.time_limit + 2s);
    }
    const auto pushed = exporter->push(state);
    REQUIRE_FALSE(pushed.has_value());
    CHECK(pushed.error().kind == Error::Kind::unavailable);
    CHECK_THAT(pushed.error().message, Catch::Contains("4 counts of mailboxes hang"));
    CHECK(total("times that hanging file systems stopped the counting") == 1);
    CHECK(total("counts over the time limit") == 4);

    take({logged_in(5, "sue", Service::imap, 0)});
    time->advance(1s);
    push(); // no error, and no fifth
    CHECK_THAT(rows(), Catch::Contains("sue\t1\t?\t?\n"));

    folders->open();
    count(5);
    CHECK_THAT(rows(), Catch::Contains("sue\t1\t0\t0\n"));
}

TEST_CASE_METHOD(Counting, "A user who is forgotten while counted stays forgotten") {
    folders->shut();
    take({logged_in(1, "sue", Service::imap, 0)});
    push();
    folders->wait_for_hanging(1);
    must(forget_table_user(state, "sue"));
    folders->open();
    count(1);
    CHECK(rows().empty());
}

} // namespace dovewatch::test
