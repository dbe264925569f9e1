#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <algorithm>
#include <string>
#include <vector>

#include <SQLiteCpp/Database.h>
#include <catch2/catch.hpp>

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

const std::vector<std::string> odd_names{
    "sue@example.org",
    "",
    " ",
    "two words",
    "tab\tnew\nline",
    "'; DROP TABLE session; --",
    "\"quoted\"",
    "\xff\xfe\x80 no UTF-8",
    "\x01\x1b[2J\x7f",
    "%s%n",
    "../../etc/passwd",
    "\xc3\xa9t\xc3\xa9",
    std::string(4000, 'x'),
};

std::vector<std::string> users_of(const std::vector<Session>& sessions) {
    std::vector<std::string> users;
    users.reserve(sessions.size());
    for (const Session& session : sessions) {
        users.push_back(session.user);
    }
    return users;
}

Session full_session() {
    Session full = session(9007199254740993, "sue", 1700000000123456);
    full.service = Service::managesieve;
    full.service_class = "sieve of webmail";
    full.address = Address::parse("2001:db8::7");
    full.process = {2147483647, 9223372036854775807};
    full.login_estimated = true;
    full.hibernated = true;
    return full;
}

} // namespace

TEST_CASE("Every field of a session comes back, online and ended") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    Session wanted = full_session();
    commit(*writer, {SessionBegan{wanted}});
    const auto rows = online(file);
    REQUIRE(rows.size() == 1);
    CHECK(fields(rows[0]) == fields(wanted));
    const auto open = value_of(writer->open_sessions());
    REQUIRE(open.size() == 1);
    CHECK(fields(open[0]) == fields(wanted));

    wanted = ended(wanted, 1700000001000000, End::lost);
    wanted.logout_estimated = true;
    commit(*writer, {SessionEnded{wanted}});
    CHECK(online(file).empty());
    const auto history = activity(file);
    REQUIRE(history.size() == 1);
    CHECK(fields(std::get<Session>(history[0])) == fields(wanted));
}

TEST_CASE("Every service and end keeps its number") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    std::int64_t id = 0;
    for (const auto service : {Service::imap, Service::pop3, Service::lmtp, Service::submission,
                               Service::managesieve, Service::lda}) {
        for (const auto end : {End::none, End::logout, End::exit, End::signal, End::lost}) {
            ++id;
            Session wanted = session(id, "sue", id);
            wanted.service = service;
            if (end != End::none) {
                wanted = ended(wanted, id + 1, end);
            }
            commit(*writer, {SessionBegan{wanted}});
            const auto newest = activity(file, {std::nullopt, std::nullopt, 1});
            CHECK(fields(std::get<Session>(newest.at(0))) == fields(wanted));
            CHECK(parse_service(to_string(service)) == service);
        }
    }
    CHECK_FALSE(parse_service("IMAP"));
    CHECK(to_string(End::lost) == "lost");
}

TEST_CASE("Every field of a delivery comes back") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    Delivery by_lda = delivery("tom", 2);
    by_lda.service = Service::lda;
    by_lda.service_class = "lda";
    by_lda.address = std::nullopt;
    const Delivery by_lmtp = delivery("sue", 1);
    commit(*writer, {Delivered{by_lmtp}, Delivered{by_lda}});
    const auto rows = activity(file);
    REQUIRE(rows.size() == 2);
    CHECK(fields(std::get<Delivery>(rows[0])) == fields(by_lda));
    CHECK(fields(std::get<Delivery>(rows[1])) == fields(by_lmtp));
}

TEST_CASE("Names of any bytes are data") {
    const TemporaryFolder folder;
    const auto file = folder / "odd %3f?#name.db";
    const auto writer = open_writer(file);
    std::vector<SessionChange> changes;
    std::int64_t id = 0;
    for (const std::string& name : odd_names) {
        ++id;
        Session odd = session(id, name, id);
        odd.service_class = name;
        changes.push_back(SessionBegan{odd});
    }
    commit(*writer, changes);
    auto sorted = odd_names;
    std::sort(sorted.begin(), sorted.end());
    CHECK(users_of(online(file)) == sorted);
    CHECK(last_logins(file).size() == odd_names.size());
    for (const std::string& name : odd_names) {
        const auto rows = activity(file, {name, std::nullopt, std::nullopt});
        REQUIRE(rows.size() == 1);
        CHECK(std::get<Session>(rows[0]).user == name);
        CHECK(std::get<Session>(rows[0]).service_class == name);
    }
}

TEST_CASE("Online sessions are filtered, and ordered by user, then login") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    Session imap = session(3, "sue@example.org", 30);
    imap.service = Service::imap;
    imap.address = Address::parse("2001:db8::1");
    Session local = session(4, "sue@example.org", 20);
    local.address = std::nullopt;
    commit(*writer, {SessionBegan{session(1, "tom", 5)}, SessionBegan{session(2, "Sue", 6)},
                     SessionBegan{imap}, SessionBegan{local}, SessionBegan{ended(session(5, "gone", 1), 2)}});
    const std::string sue = "sue@example.org";
    CHECK(users_of(online(file)) == std::vector<std::string>{"Sue", sue, sue, "tom"});
    CHECK(online(file)[1].id == 4);
    CHECK(users_of(online(file, {"[st]*", {}, {}})) == std::vector<std::string>{sue, sue, "tom"});
    CHECK(users_of(online(file, {"?om", {}, {}})) == std::vector<std::string>{"tom"});
    CHECK(users_of(online(file, {{}, Service::imap, {}})) == std::vector<std::string>{sue});
    CHECK(users_of(online(file, {{}, {}, Network::parse("192.0.2.0/24")})) ==
          std::vector<std::string>{"Sue", "tom"});
    CHECK(online(file, {"*", {}, Network::parse("::/0")}).size() == 1);
    int calls = 0;
    must(value_of(Reader::open(file))->online({}, [&](const Session&) { return ++calls < 2; }));
    CHECK(calls == 2);
}

TEST_CASE("The history merges sessions and deliveries, newest first") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    commit(*writer, {SessionBegan{session(1, "sue", 10)}, Delivered{delivery("sue", 20)},
                     SessionBegan{session(2, "tom", 30)}, Delivered{delivery("tom", 40)},
                     SessionBegan{session(3, "sue", 50)}});
    const auto times = [&](const ActivityQuery& query) {
        std::vector<std::int64_t> found;
        for (const Activity& row : activity(file, query)) {
            const auto* login = std::get_if<Session>(&row);
            const UtcTime time = login != nullptr ? login->login : std::get<Delivery>(row).at;
            found.push_back(time.time_since_epoch().count());
        }
        return found;
    };
    using Times = std::vector<std::int64_t>;
    CHECK(times({}) == Times{50, 40, 30, 20, 10});
    CHECK(times({"sue", {}, {}}) == Times{50, 20, 10});
    CHECK(times({{}, at(30), {}}) == Times{50, 40, 30});
    CHECK(times({"sue", at(20), {}}) == Times{50, 20});
    CHECK(times({{}, {}, 2}) == Times{50, 40});
    CHECK(times({{}, {}, 0}).empty());
    CHECK(times({"su", {}, {}}).empty());
}

TEST_CASE("A session that begins and ends within a commit is one row, written once") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    Session moved = session(1, "sue", 10);
    moved.process.pid = 99;
    commit(*writer,
           {SessionBegan{session(1, "sue", 10)}, SessionUpdated{moved}, SessionEnded{ended(moved, 15)}});
    const auto rows = activity(file);
    REQUIRE(rows.size() == 1);
    CHECK(fields(std::get<Session>(rows[0])) == fields(ended(moved, 15)));
    CHECK(value_of(writer->open_sessions()).empty());
}

TEST_CASE("An update changes a stored session, and can take its end back") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    const Session first = session(1, "sue", 10);
    commit(*writer, {SessionBegan{first}});
    commit(*writer, {SessionEnded{ended(first, 15)}});
    CHECK(online(file).empty());
    Session back = first;
    back.hibernated = true;
    back.address = Address::parse("192.0.2.99");
    back.process = {4321, 8765};
    commit(*writer, {SessionReopened{back}});
    REQUIRE(online(file).size() == 1);
    CHECK(fields(online(file)[0]) == fields(back));
    CHECK(activity(file).size() == 1);
}

TEST_CASE("A session whose begin was never stored is stored whole at its update or end") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    commit(*writer, {SessionUpdated{session(1, "sue", 10)}, SessionEnded{ended(session(2, "tom", 20), 25)}});
    CHECK(online(file).size() == 1);
    CHECK(activity(file).size() == 2);
    CHECK(last_logins(file).size() == 2);
}

TEST_CASE("A change applied twice leaves one row") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    const std::vector<SessionChange> changes{SessionBegan{session(1, "sue", 10)}};
    commit(*writer, changes);
    commit(*writer, changes);
    CHECK(online(file).size() == 1);
    CHECK(activity(file).size() == 1);
}

TEST_CASE("The next session id is greater than any stored one") {
    const TemporaryFolder folder;
    const auto writer = open_writer(folder / "test.db");
    CHECK(value_of(writer->next_session_id()) == 1);
    commit(*writer, {SessionBegan{session(41, "sue", 10)}, SessionBegan{session(7, "tom", 20)}});
    CHECK(value_of(writer->next_session_id()) == 42);
}

TEST_CASE("The daemon's status replaces the one before") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    const auto reader = value_of(Reader::open(file));
    CHECK_FALSE(value_of(reader->status()).daemon);
    must(writer->commit_status(
        {1, "0.1", "uprobe", at(5), {}, {{"kernel", "dropped", 3, true}, {"x", "y", 1, false}}}));
    must(writer->commit_status({2, "0.2", "proc", at(6), at(7), {{"store", "it's", UINT64_MAX, true}}}));
    commit(*writer, {SessionBegan{session(1, "sue", 10)}});
    const auto status = value_of(reader->status());
    REQUIRE(status.daemon);
    CHECK(status.daemon->pid == 2);
    CHECK(status.daemon->version == "0.2");
    CHECK(status.daemon->source == "proc");
    CHECK(status.daemon->started == at(6));
    CHECK(status.daemon->last_event == at(7));
    REQUIRE(status.daemon->counters.size() == 1);
    CHECK(status.daemon->counters[0].name == "it's");
    CHECK(status.daemon->counters[0].value == UINT64_MAX);
    CHECK(status.daemon->counters[0].is_loss);
    CHECK(status.sessions_online == 1);
    CHECK(status.database_bytes > 4096);
}

TEST_CASE("Reading who is online walks the partial index alone") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    make_database(file);
    SQLite::Database database(file.string());
    SQLite::Statement plan(database, "EXPLAIN QUERY PLAN SELECT id, user, service, class, address, pid, "
                                     "process_start, login, estimated, hibernated FROM session "
                                     "WHERE logout IS NULL ORDER BY user, login");
    REQUIRE(plan.executeStep());
    CHECK(plan.getColumn(3).getString() == "SCAN session USING COVERING INDEX session_online");
    CHECK_FALSE(plan.executeStep());
}
