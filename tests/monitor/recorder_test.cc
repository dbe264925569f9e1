#include "monitor/recorder.h"
#include "tests/monitor/fake_store.h"

#include <catch2/catch.hpp>

using namespace dovewatch;
using dovewatch::test::FakeStore;

namespace {

SessionChange began(std::int64_t id) {
    Session session;
    session.id = id;
    return SessionBegan{session};
}

std::int64_t id_of(const SessionChange& change) {
    return std::get<SessionBegan>(change).session.id;
}

std::uint64_t counter(const Recorder& recorder, std::string_view name) {
    for (const auto& counter : recorder.counters()) {
        if (counter.name == name) {
            return counter.value;
        }
    }
    FAIL("no counter " << name);
    return 0;
}

} // namespace

TEST_CASE("pending changes are stored once") {
    FakeStore store;
    Recorder recorder(store);
    recorder.pending().push_back(began(1));
    recorder.pending().push_back(began(2));
    REQUIRE(recorder.flush({}));
    REQUIRE(recorder.flush({}));
    CHECK(store.changes.size() == 2);
    CHECK(store.commits == 1);
    CHECK(counter(recorder, "changes stored") == 2);
}

TEST_CASE("what could not be stored is kept in order and stored later") {
    FakeStore store;
    Recorder recorder(store);
    store.error = Error{Error::Kind::unavailable, "disk full"};
    recorder.pending().push_back(began(1));
    CHECK_FALSE(recorder.flush({}));
    recorder.pending().push_back(began(2));
    CHECK_FALSE(recorder.flush({}));
    CHECK(counter(recorder, "changes waiting") == 2);

    store.error.reset();
    REQUIRE(recorder.flush({}));
    REQUIRE(store.changes.size() == 2);
    CHECK(id_of(store.changes[0]) == 1);
    CHECK(id_of(store.changes[1]) == 2);
    CHECK(counter(recorder, "commits failed") == 2);
    CHECK(counter(recorder, "changes dropped, store unavailable") == 0);
}

TEST_CASE("beyond the limit the oldest changes are dropped and counted") {
    FakeStore store;
    Recorder recorder(store, 3);
    store.error = Error{Error::Kind::unavailable, "disk full"};
    for (std::int64_t id = 1; id <= 5; id++) {
        recorder.pending().push_back(began(id));
    }
    CHECK_FALSE(recorder.flush({}));
    CHECK(counter(recorder, "changes dropped, store unavailable") == 2);

    store.error.reset();
    REQUIRE(recorder.flush({}));
    REQUIRE(store.changes.size() == 3);
    CHECK(id_of(store.changes[0]) == 3);
}
