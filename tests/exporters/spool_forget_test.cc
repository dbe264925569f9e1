// A user who is to be forgotten.
#include "tests/exporters/spool_fixture.h"
#include "tests/exporters/spool_lock.h"

using namespace dovewatch;
using namespace dovewatch::test;

TEST_CASE("A forgotten user leaves neither rows nor files, and others keep theirs") {
    Spool spool;
    const std::string name = GENERATE(as<std::string>{}, "joe", "../joe", std::string(600, 'x'));
    spool.take_and_push({past(1, name), past(2, "joe-1"), past(3, std::string(600, 'x') + "y")});
    write_bytes(spool.file(name), "damaged");
    write_bytes(spool.file("joe-1"), "damaged");
    spool.take_and_push({past(4, name), past(5, "joe-1")});
    CHECK(value_of(forget_spool_user(spool.options, spool.state, name)));
    CHECK_FALSE(std::filesystem::exists(spool.file(name)));
    CHECK(spool.text("joe-1") == content(2));
    CHECK(spool.text(std::string(600, 'x') + "y") == content(1));
    const auto names = spool.names();
    CHECK(names_of(spool.own()) == std::vector<std::string>{"damaged-joe-1-" + std::to_string(spool.utc)});
    CHECK_FALSE(value_of(forget_spool_user(spool.options, spool.state, name)));
    CHECK(spool.names() == names);
}

TEST_CASE("Folders of a long name go with the last user in them") {
    Spool spool;
    const std::string name(600, 'x');
    spool.take_and_push({past(1, name)});
    CHECK(spool.names().size() == 1);
    CHECK(value_of(forget_spool_user(spool.options, spool.state, name)));
    CHECK(spool.names().empty());
}

TEST_CASE("A late word of a counted session does not bring a forgotten user back; a new session does") {
    Spool spool;
    spool.take_and_push({past(1, "joe")});
    CHECK(value_of(forget_spool_user(spool.options, spool.state, "joe")));
    spool.take_and_push({past(1, "joe")});
    CHECK(spool.names().empty());
    spool.take_and_push({past(2, "joe")});
    CHECK(spool.text("joe") == content(1));
}

TEST_CASE("A file that is locked is not forgotten by half") {
    Spool spool;
    spool.take_and_push({past(1, "joe")});
    const LockHolder holder(spool.file("joe"));
    const auto forgotten = forget_spool_user(spool.options, spool.state, "joe");
    REQUIRE_FALSE(forgotten);
    CHECK(forgotten.error().kind == Error::Kind::unavailable);
    spool.take({past(2, "joe")});
    CHECK(spool.push() == std::chrono::milliseconds(200));
}
