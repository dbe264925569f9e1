#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <random>

#include <catch2/catch.hpp>

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

std::vector<StoreChange> changes(const std::filesystem::path& file, std::int64_t after,
                                 std::size_t limit = 1000) {
    return value_of(value_of(Reader::open(file))->changes(after, limit));
}

const std::string& user_of(const StoreChange& change) {
    return std::visit([](const auto& row) -> const std::string& { return row.user; }, change.row);
}

std::vector<std::string> users_of(const std::vector<StoreChange>& changes) {
    std::vector<std::string> users;
    users.reserve(changes.size());
    for (const StoreChange& change : changes) {
        users.push_back(user_of(change));
    }
    return users;
}

std::int64_t now() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now())
        .time_since_epoch()
        .count();
}

} // namespace

TEST_CASE("Changes come in order, sessions and deliveries alike, and each once from a cursor on") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    const auto before = now();
    commit(*writer, {SessionBegan{session(1, "sue", 10)}});
    commit(*writer, {Delivered{delivery("ann", 11)}});
    commit(*writer, {SessionBegan{session(2, "tom", 12)}});
    const auto all = changes(file, 0);
    CHECK(users_of(all) == std::vector<std::string>{"sue", "ann", "tom"});
    CHECK(all[0].number > before);
    CHECK(all[2].number < now() + 1'000'000);
    CHECK(users_of(changes(file, all[0].number)) == std::vector<std::string>{"ann", "tom"});
    CHECK(users_of(changes(file, 0, 2)) == std::vector<std::string>{"sue", "ann"});
    CHECK(changes(file, all[2].number).empty());
}

TEST_CASE("A session that changed again comes again, as it stands now") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    commit(*writer, {SessionBegan{session(1, "sue", 10)}, SessionBegan{session(2, "tom", 10)}});
    const auto cursor = changes(file, 0).back().number;
    Session end = ended(session(1, "sue", 10), 15);
    end.reason = "Logged out";
    end.statistics = "top=0/0, retr=1/5, del=0/1, size=5";
    end.numbers = {0, 1, 0, 1, 5};
    commit(*writer, {SessionEnded{end}});
    const auto news = changes(file, cursor);
    REQUIRE(news.size() == 1);
    CHECK(fields(std::get<Session>(news[0].row)) == fields(end));
    CHECK(users_of(changes(file, 0)) == std::vector<std::string>{"tom", "sue"});
}

TEST_CASE("Numbers go on growing in a later writer") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    commit(*open_writer(file), {SessionBegan{session(1, "sue", 10)}});
    const auto cursor = changes(file, 0).back().number;
    commit(*open_writer(file), {Delivered{delivery("ann", 11)}});
    CHECK(users_of(changes(file, cursor)) == std::vector<std::string>{"ann"});
}

TEST_CASE("The backlog counts what is left, and since when") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    commit(*writer, {SessionBegan{session(1, "sue", 10)}, Delivered{delivery("ann", 11)}});
    const auto all = changes(file, 0);
    const auto reader = value_of(Reader::open(file));
    const auto backlog = value_of(reader->backlog(all[0].number));
    CHECK(backlog.rows == 1);
    CHECK(backlog.oldest == at(all[1].number));
    CHECK(value_of(reader->backlog(all[1].number)).rows == 0);
    CHECK_FALSE(value_of(reader->backlog(all[1].number)).oldest);
}

TEST_CASE("Each database has an identity of its own, which stays") {
    const TemporaryFolder folder;
    make_database(folder / "one.db");
    make_database(folder / "two.db");
    const auto identity = [&](const char* name) {
        return value_of(value_of(Reader::open(folder / name))->identity());
    };
    CHECK_FALSE(identity("one.db").empty());
    CHECK(identity("one.db") == identity("one.db"));
    CHECK(identity("one.db") != identity("two.db"));
}

TEST_CASE("What is known of one user is all that a search through everything finds") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    std::mt19937 random(7); // NOLINT(cert-msc51-cpp): the same each time
    std::int64_t id = 0;
    for (int round = 0; round < 40; ++round) {
        std::vector<SessionChange> batch;
        for (auto i = random() % 7; i > 0; --i) {
            ++id;
            Session made = session(id, "user" + std::to_string(random() % 4), id * 10);
            made.service_class = random() % 2 == 0 ? "pop3" : "webmail";
            batch.emplace_back(SessionBegan{made});
            if (random() % 3 == 0) {
                batch.emplace_back(SessionEnded{ended(made, id * 10 + 3)});
            }
            if (random() % 3 == 0) {
                batch.emplace_back(Delivered{delivery("user" + std::to_string(random() % 4), id * 10 + 1)});
            }
        }
        commit(*writer, batch);
    }
    const auto everything = activity(file);
    for (const std::string user : {"user0", "user1", "user2", "user3", "nobody"}) {
        std::vector<Activity> expected;
        std::copy_if(everything.begin(), everything.end(), std::back_inserter(expected),
                     [&](const Activity& one) {
                         return user_of({0, one}) == user;
                     });
        const auto found = activity(file, {user, std::nullopt, std::nullopt});
        REQUIRE(found.size() == expected.size());
        for (std::size_t i = 0; i < found.size(); ++i) {
            CHECK(found[i].index() == expected[i].index());
            CHECK(std::visit([](const auto& row) { return row.user; }, found[i]) == user);
        }
    }
    CHECK(everything.size() > 100);
}
