#include "exporters/conveyor.h"
#include "exporters/exporter_loop.h"
#include "exporters/table/table_exporter.h"
#include "store/unique_fd.h"
#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <thread>

#include <catch2/catch.hpp>
#include <poll.h>
#include <sys/eventfd.h>

using namespace dovewatch;
using namespace dovewatch::test;
using namespace std::chrono_literals;

namespace {

// Keeps what it takes in a table of its own, and passes it on to a list.
class ListExporter : public Exporter {
  public:
    std::string_view name() const override { return "list"; }

    Result<void> prepare(SQLite::Database& state) override {
        state.exec("CREATE TABLE IF NOT EXISTS list_waiting(user TEXT NOT NULL)");
        return prepare_fails ? Result<void>(unavailable("the folder is missing")) : Result<void>();
    }

    Result<void> take(std::span<const StoreChange> changes, bool replayed, SQLite::Database& state) override {
        batches++;
        for (const StoreChange& change : changes) {
            SQLite::Statement insert(state, "INSERT INTO list_waiting VALUES(?)");
            insert.bind(1, std::visit([](const auto& row) { return row.user; }, change.row) +
                               (replayed ? " again" : ""));
            insert.exec();
        }
        return take_fails ? Result<void>(failed("take failed")) : Result<void>();
    }

    void meet_new_store(SQLite::Database& /*state*/) override { new_stores++; }

    void forget_open_sessions(SQLite::Database& /*state*/) override { forgotten_open++; }

    Result<Pushed> push(SQLite::Database& state) override {
        if (push_failures > 0) {
            push_failures--;
            return unavailable("push failed");
        }
        SQLite::Statement row(state, "SELECT user FROM list_waiting ORDER BY rowid");
        while (row.executeStep()) {
            passed.push_back(row.getColumn(0).getString());
        }
        row.reset();
        state.exec("DELETE FROM list_waiting");
        if (on_push) {
            on_push();
        }
        return Pushed{pause, trouble};
    }

    std::optional<std::uint64_t> waiting(SQLite::Database& state) const override {
        return state.execAndGet("SELECT count(*) FROM list_waiting").getInt64();
    }

    std::vector<Counter> counters() const override { return {{"list", "passed", passed.size(), false}}; }

    std::vector<std::string> passed;
    std::function<void()> on_push;
    int batches = 0;
    int new_stores = 0;
    int forgotten_open = 0;
    int push_failures = 0;
    bool take_fails = false;
    std::chrono::milliseconds pause = 1h;
    bool prepare_fails = false;
    std::optional<std::string> trouble;
};

using Users = std::vector<std::string>;

struct Site {
    TemporaryFolder folder;
    ExporterPlace place{folder / "store.db", folder / "state.db"};
    std::unique_ptr<Writer> writer = open_writer(place.database);
    ListExporter exporter;

    void store(std::int64_t id, const std::string& user) {
        commit(*writer, {SessionBegan{session(id, user, id)}});
    }

    ExporterStatus status() const {
        return value_of(read_export_state(place.state)).value_or(std::vector<ExporterStatus>{}).at(0);
    }
};

} // namespace

TEST_CASE("Catching up takes each change once, in order") {
    Site site;
    site.store(1, "sue");
    site.store(2, "tom");
    must(export_once(site.exporter, site.place));
    CHECK(site.exporter.passed == Users{"sue", "tom"});
    site.store(3, "ann");
    must(export_once(site.exporter, site.place));
    CHECK(site.exporter.passed == Users{"sue", "tom", "ann"});
    CHECK(site.status().delivered == 3);
    CHECK(site.status().counters.back().value == 3);
}

TEST_CASE("More rows than a batch come in several") {
    Site site;
    std::vector<SessionChange> changes;
    for (int id = 1; id <= static_cast<int>(Conveyor::batch_rows) + 1; ++id) {
        changes.emplace_back(SessionBegan{session(id, "user", id)});
    }
    commit(*site.writer, changes);
    must(export_once(site.exporter, site.place));
    CHECK(site.exporter.passed.size() == changes.size());
    CHECK(site.exporter.batches == 2);
}

TEST_CASE("What was taken by a failed attempt is taken back with its cursor") {
    Site site;
    site.store(1, "sue");
    site.exporter.take_fails = true;
    CHECK(export_once(site.exporter, site.place).error().message == "take failed");
    CHECK(site.status().cursor == 0);
    site.exporter.take_fails = false;
    must(export_once(site.exporter, site.place));
    CHECK(site.exporter.passed == Users{"sue"});
}

TEST_CASE("What was taken and not passed on is not taken again, and passed on later") {
    Site site;
    site.store(1, "sue");
    site.exporter.push_failures = 1;
    CHECK(export_once(site.exporter, site.place).error().message == "push failed");
    CHECK(site.status().error == "push failed");
    CHECK(site.status().waiting == 1);
    must(export_once(site.exporter, site.place));
    CHECK(site.exporter.passed == Users{"sue"});
    CHECK(site.status().delivered == 1);
    CHECK(site.status().error.empty());
    CHECK(site.status().failed == 1);
    CHECK(site.status().waiting == 0);
}

TEST_CASE("A single run that does not come to its end says so") {
    Site site;
    site.exporter.pause = 1ms;
    const auto given_up = export_once(site.exporter, site.place, 0s);
    REQUIRE_FALSE(given_up);
    CHECK(given_up.error().kind == Error::Kind::unavailable);
    CHECK_THAT(given_up.error().message, Catch::Contains("not done") && Catch::Contains("run it again"));
    CHECK(site.status().error == given_up.error().message);
}

TEST_CASE("A replay sends again what changed since, and moves no cursor") {
    Site site;
    site.store(1, "sue");
    must(export_once(site.exporter, site.place));
    const auto cursor = site.status().cursor;
    must(export_again(site.exporter, site.place, at(cursor)));
    CHECK(site.exporter.passed == Users{"sue", "sue again"});
    must(export_again(site.exporter, site.place, at(cursor + 1)));
    CHECK(site.exporter.passed.size() == 2);
    CHECK(site.status().cursor == cursor);
}

TEST_CASE("A start from now leaves out what the store has, but for the sessions that are online") {
    Site site;
    site.store(1, "sue");
    site.store(2, "tom");
    commit(*site.writer, {SessionEnded{ended(session(1, "sue", 1), 2)}});
    must(export_from_now(site.exporter, site.place));
    CHECK(site.exporter.forgotten_open == 1);
    const auto newest = value_of(value_of(Reader::open(site.place.database))->changes(0, 10)).back().number;
    CHECK(site.status().cursor == newest); // not the clock's time, which may be ahead of what comes
    site.store(3, "ann");
    must(export_once(site.exporter, site.place));
    CHECK(site.exporter.passed == Users{"tom", "ann"});
}

TEST_CASE("A session that ended among what is left out is online no more") {
    Site site;
    TableOptions options;
    options.file = site.folder / "table";
    options.host = "pop-b";
    site.store(1, "sue");
    site.store(2, "tom");
    TableExporter before(options);
    must(export_once(before, site.place));
    commit(*site.writer, {SessionEnded{ended(session(1, "sue", 1), 2)}});
    must(export_from_now(before, site.place));
    TableExporter after(options);
    must(export_once(after, site.place));
    CHECK(bytes_of(options.file) ==
          "host\tuser\tactive\tnfiles\tbytes\npop-b\tsue\t0\t?\t?\npop-b\ttom\t1\t?\t?\n");
}

TEST_CASE("Another store is exported from its beginning") {
    Site site;
    site.store(1, "sue");
    must(export_once(site.exporter, site.place));
    CHECK(site.exporter.new_stores == 0);
    site.writer.reset();
    for (const char* file : {"store.db", "store.db-wal", "store.db-shm"}) {
        std::filesystem::remove(site.folder / file);
    }
    site.writer = open_writer(site.place.database);
    site.store(1, "tom");
    must(export_once(site.exporter, site.place));
    CHECK(site.exporter.passed == Users{"sue", "tom"});
    CHECK(site.exporter.new_stores == 1);
}

TEST_CASE("A running exporter is told of changes, and tries again what failed") {
    Site site;
    const UniqueFd stop(eventfd(0, 0));
    const UniqueFd pushed(eventfd(0, EFD_SEMAPHORE));
    site.exporter.push_failures = 2;
    site.exporter.on_push = [&] { eventfd_write(pushed.get(), 1); };
    Result<void> outcome;
    std::jthread thread([&] { outcome = export_until(stop.get(), site.exporter, site.place); });
    eventfd_t count = 0;
    REQUIRE(eventfd_read(pushed.get(), &count) == 0); // after two failures
    site.store(1, "sue");
    REQUIRE(eventfd_read(pushed.get(), &count) == 0); // well before it would look by itself
    eventfd_write(stop.get(), 1);
    thread.join();
    must(outcome);
    CHECK(site.exporter.passed == Users{"sue"});
    CHECK(site.status().failed == 2);
    CHECK(site.status().error.empty());
}

TEST_CASE("Trouble with some of it is told, and keeps nobody from being listened to") {
    Site site;
    const UniqueFd stop(eventfd(0, 0));
    const UniqueFd pushed(eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK));
    site.exporter.trouble = "joe's file is a link";
    site.exporter.on_push = [&] { eventfd_write(pushed.get(), 1); };
    Result<void> outcome;
    std::jthread thread([&] { outcome = export_until(stop.get(), site.exporter, site.place); });
    eventfd_t count = 0;
    pollfd first{pushed.get(), POLLIN, 0};
    CHECK(poll(&first, 1, 10'000) == 1);
    eventfd_read(pushed.get(), &count);
    for (int id = 1; id <= 5; ++id) {
        site.store(id, "sue");
        pollfd told{pushed.get(), POLLIN, 0};
        CHECK(poll(&told, 1, 10'000) == 1); // well before it would look by itself
        eventfd_read(pushed.get(), &count);
    }
    eventfd_write(stop.get(), 1);
    thread.join();
    must(outcome);
    CHECK(site.exporter.passed.size() == 5);
    CHECK(site.status().failed == 1);
    CHECK(site.status().error == "joe's file is a link");
    CHECK(export_once(site.exporter, site.place).error().message == "joe's file is a link");
}

TEST_CASE("What keeps an exporter from being made ready is told as its error") {
    Site site;
    site.exporter.prepare_fails = true;
    CHECK(export_once(site.exporter, site.place).error().message == "the folder is missing");
    CHECK(site.status().error == "the folder is missing");
    CHECK(site.status().failed == 1);
}

TEST_CASE("Without a database an exporter waits for one") {
    Site site;
    site.writer.reset();
    for (const char* file : {"store.db", "store.db-wal", "store.db-shm"}) {
        std::filesystem::remove(site.folder / file);
    }
    const auto refused = export_once(site.exporter, site.place);
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, Catch::Contains("store.db"));
    CHECK(site.status().error == refused.error().message);
    CHECK_FALSE(value_of(read_export_state(site.folder / "nothing.db")));
}
