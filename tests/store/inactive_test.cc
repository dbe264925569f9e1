#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <catch2/catch.hpp>

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

Session imap(Session made, const char* service_class = "imap") {
    made.service = Service::imap;
    made.service_class = service_class;
    made.address = Address::parse("198.51.100.1");
    return made;
}

std::vector<std::string> inactive(const std::filesystem::path& file, const InactiveQuery& query) {
    std::vector<std::string> rows;
    must(value_of(Reader::open(file))->inactive(query, [&](const LastLogin& row) {
        rows.push_back(row.user + " " + row.service_class + " " +
                       std::to_string(row.at.time_since_epoch().count()) + " " + row.address->to_string());
        return true;
    }));
    return rows;
}

using Rows = std::vector<std::string>;

} // namespace

TEST_CASE("The inactive are those whose newest login is old, the oldest first") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    commit(*writer,
           {SessionBegan{session(1, "ann", 30)}, SessionBegan{imap(session(2, "ann", 20))},
            SessionBegan{session(3, "sue", 10)}, SessionBegan{imap(session(4, "sue", 25), "webmail")},
            SessionBegan{session(5, "tom", 10)}, SessionBegan{imap(session(6, "tom", 90))},
            Delivered{delivery("sue", 95)}, Delivered{delivery("kim", 5)}});

    CHECK(inactive(file, {at(50), {}, {}}) == Rows{"sue webmail 25 198.51.100.1", "ann pop3 30 192.0.2.7"});
    CHECK(inactive(file, {at(30), {}, {}}) == Rows{"sue webmail 25 198.51.100.1"});
    CHECK(inactive(file, {at(50), "a*", {}}) == Rows{"ann pop3 30 192.0.2.7"});
    CHECK(inactive(file, {at(50), {}, "pop3"}) ==
          Rows{"sue pop3 10 192.0.2.7", "tom pop3 10 192.0.2.7", "ann pop3 30 192.0.2.7"});
    CHECK(inactive(file, {at(50), {}, "lmtp"}) == Rows{"kim lmtp 5 2001:db8::25"});
    CHECK(inactive(file, {at(10), {}, {}}).empty());
}

TEST_CASE("The inactive are read as long as they are wanted") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    make_database(file, 3);
    int rows = 0;
    must(value_of(Reader::open(file))->inactive({at(50), {}, {}}, [&](const LastLogin&) {
        return ++rows < 2;
    }));
    CHECK(rows == 2);
}
