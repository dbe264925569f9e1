// Which sessions count, and what their files say.
#include "exporters/spool/state.h"
#include "store/row.h"
#include "tests/exporters/spool_fixture.h"

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

Session of(Service service, Session made) {
    made.service = service;
    return made;
}

std::string without_line(const SpoolOptions& options) {
    return options.missing_statistics;
}

} // namespace

TEST_CASE("Each session that ended adds one, with its statistics and its logout as mtime") {
    Spool spool;
    spool.take_and_push({past(1, "joe"), past(2, "sue", noon + 5)});
    CHECK(spool.text("joe") == content(1));
    CHECK(mtime_of(spool.file("joe")) == noon);
    CHECK(mtime_of(spool.file("sue")) == noon + 5);
    Session next = past(3, "joe", noon + 1'000'001);
    next.statistics = "top=1/1, retr=0/0, del=0/0, size=0";
    spool.take_and_push({next});
    CHECK(spool.text("joe") == content(2, next.statistics));
    CHECK(mtime_of(spool.file("joe")) == noon + 1'000'001);
    CHECK(spool.counted("files written") == 3);
}

TEST_CASE("A file is made 0640 whatever the umask, and nothing else is left in the folder") {
    const mode_t before = umask(0777);
    Spool spool;
    spool.take_and_push({past(1, "joe"), past(2, std::string(300, 'a'))});
    umask(before);
    struct stat status {};
    REQUIRE(stat(spool.file("joe").c_str(), &status) == 0);
    CHECK(status.st_mode == (S_IFREG | 0640));
    CHECK(status.st_nlink == 1);
    REQUIRE(stat(spool.file(std::string(300, 'a')).parent_path().c_str(), &status) == 0);
    CHECK(status.st_mode == (S_IFDIR | 0750));
    CHECK(spool.names() == std::vector<std::string>{std::string(254, 'a') + "%", "joe"});
    REQUIRE(stat(spool.own().c_str(), &status) == 0);
    CHECK(status.st_mode == (S_IFDIR | 0700));
    CHECK(names_of(spool.own()).empty());
}

TEST_CASE("A session that is open counts when it ends, and once") {
    Spool spool;
    spool.take_and_push({session(1, "joe", noon - 1000)});
    CHECK(spool.names().empty());
    spool.take_and_push({past(1, "joe")});
    spool.take_and_push({past(1, "joe")});
    spool.take_and_push({past(1, "joe"), past(1, "joe")});
    CHECK(spool.text("joe") == content(1));
}

TEST_CASE("An end that was taken back counts once") {
    Spool spool;
    spool.take_and_push({past(1, "joe")});
    spool.take_and_push({session(1, "joe", noon - 1000)});
    spool.take_and_push({ended(past(1, "joe"), noon + 9)});
    CHECK(spool.text("joe") == content(1));
    CHECK(mtime_of(spool.file("joe")) == noon + 9);
}

TEST_CASE("A session with the id of one that the store has lost counts") {
    Spool spool;
    spool.take_and_push({past(1, "joe"), past(2, "sue")});
    const Session again = past(1, "joe", noon + 5000);
    spool.take_and_push({again, past(2, "joe", noon + 6000), again});
    CHECK(spool.text("joe") == content(3));
    CHECK(spool.text("sue") == content(1));
    spool.take_and_push({again});
    CHECK(spool.text("joe") == content(3));
}

TEST_CASE("Statistics that are known later replace the template") {
    Spool spool;
    Session bare = past(1, "joe");
    bare.statistics.clear();
    spool.take_and_push({bare});
    CHECK(spool.text("joe") == content(1, without_line(spool.options)));
    spool.take_and_push({past(1, "joe")});
    CHECK(spool.text("joe") == content(1));
}

TEST_CASE("The template is configurable") {
    SpoolOptions options;
    options.missing_statistics = "unknown";
    Spool spool(options);
    Session bare = past(1, "joe");
    bare.statistics.clear();
    spool.take_and_push({bare});
    CHECK(spool.text("joe") == content(1, "unknown"));
}

TEST_CASE("The session that ended last gives line and mtime, in whatever order they come") {
    Spool spool;
    Session older = past(2, "joe", noon - 5);
    older.statistics = "older";
    spool.take_and_push({past(1, "joe"), older});
    CHECK(spool.text("joe") == content(2));
    CHECK(mtime_of(spool.file("joe")) == noon);
    older.reason = "Logged out";
    spool.take_and_push({older});
    CHECK(spool.text("joe") == content(2));
}

TEST_CASE("Only the services of the configuration are exported") {
    SpoolOptions options;
    options.services = {Service::imap, Service::submission};
    Spool spool(options);
    spool.take_and_push(
        {past(1, "pop"), of(Service::imap, past(2, "imap")), of(Service::submission, past(3, "send"))});
    CHECK(spool.names() == std::vector<std::string>{"imap", "send"});
}

TEST_CASE("POP3 alone is exported by default, and deliveries never are") {
    Spool spool;
    SQLite::Transaction transaction(spool.state);
    must(spool.exporter->take(std::vector<StoreChange>{{1, delivery("lmtp", noon)}}, false, spool.state));
    transaction.commit();
    spool.take_and_push({past(1, "pop"), of(Service::imap, past(2, "imap"))});
    CHECK(spool.names() == std::vector<std::string>{"pop"});
}

TEST_CASE("Names equal but for case have files of their own") {
    Spool spool;
    spool.take_and_push({past(1, "Joe"), past(2, "joe"), past(3, "joe")});
    CHECK(spool.text("Joe") == content(1));
    CHECK(spool.text("joe") == content(2));
}

TEST_CASE("Replayed sessions are written again and not counted again") {
    Spool spool;
    spool.take_and_push({past(1, "joe"), past(2, "joe"), past(3, "sue")});
    std::filesystem::remove(spool.file("joe"));
    spool.take({past(1, "joe"), past(2, "joe"), past(7, "old")}, true);
    spool.push();
    CHECK(spool.text("joe") == content(2));
    CHECK(spool.text("sue") == content(1));
    CHECK(spool.text("old") == content(0)); // it may have been counted longer ago than is remembered
    spool.take_and_push({past(7, "old"), past(8, "old")});
    CHECK(spool.text("old") == content(1));
}

TEST_CASE("The sessions counted last are remembered, whatever their ids") {
    Spool spool;
    spool.take({past(1, "joe")});
    std::vector<Session> others;
    for (std::int64_t id = 100; id < 200; ++id) {
        others.push_back(past(id, "sue"));
    }
    spool.take(others);
    spool.take({past(2, "joe")}); // began long ago
    spool::prune_counted(spool.state, 10);
    Query left(spool.state, "SELECT count(*), min(session) FROM spool_counted");
    REQUIRE(left.next());
    CHECK(left.integer() == 10);
    CHECK(left.integer() == 2);
    spool.take_and_push({past(2, "joe")});
    CHECK(spool.text("joe") == content(2));
}

TEST_CASE("Many users are written in one push") {
    Spool spool;
    std::vector<Session> sessions;
    for (std::int64_t id = 1; id <= 1700; ++id) {
        sessions.push_back(past(id, "user" + std::to_string(id % 1300)));
    }
    spool.take_and_push(sessions);
    CHECK(spool.names().size() == 1300);
    CHECK(spool.text("user1") == content(2));
    CHECK(spool.text("user1299") == content(1));
}
