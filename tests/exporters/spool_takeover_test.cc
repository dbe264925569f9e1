// A spool folder that was there before, and others who change it.
#include "tests/exporters/spool_fixture.h"
#include "tests/store/process.h"

using namespace dovewatch;
using namespace dovewatch::test;

TEST_CASE("Counters go on from what the files say") {
    Spool spool;
    const auto [text, next] = GENERATE(
        table<std::string, int>({{"17\ntop=9/9\n", 18}, {"17 top=9/9", 18}, {"0\n", 1}, {"41", 42}}));
    write_bytes(spool.file("joe"), text);
    spool.take_and_push({past(1, "joe")});
    CHECK(spool.text("joe") == content(next));
    spool.take_and_push({past(2, "joe"), past(3, "joe")});
    CHECK(spool.text("joe") == content(next + 2));
    CHECK(spool.counted("counters changed by others") == 0);
    CHECK(spool.reports.empty());
}

TEST_CASE("What another program adds is kept, said once and counted") {
    Spool spool;
    spool.take_and_push({past(1, "joe"), past(2, "sue")});
    write_bytes(spool.file("joe"), content(100));
    write_bytes(spool.file("sue"), content(200));
    spool.take_and_push({past(3, "joe"), past(4, "sue")});
    CHECK(spool.text("joe") == content(101));
    CHECK(spool.text("sue") == content(201));
    CHECK(spool.counted("counters changed by others") == 2);
    REQUIRE(spool.reports.size() == 1);
    CHECK_THAT(spool.reports.front(), Catch::Contains("joe") && Catch::Contains("from 1 to 100"));
}

TEST_CASE("What another program adds while a session waits is kept, even if it comes to the same number") {
    Spool spool;
    spool.take_and_push({past(1, "joe")});
    spool.take({past(2, "joe")});
    write_bytes(spool.file("joe"), content(2));
    spool.push();
    CHECK(spool.text("joe") == content(3));
}

TEST_CASE("A counter that was set back goes on from there") {
    Spool spool;
    spool.take_and_push({past(1, "joe"), past(2, "joe"), past(3, "joe")});
    write_bytes(spool.file("joe"), "0\n");
    spool.take_and_push({past(4, "joe")});
    CHECK(spool.text("joe") == content(1));
}

TEST_CASE("A file that was removed is written anew with all that was counted") {
    Spool spool;
    spool.take_and_push({past(1, "joe"), past(2, "joe")});
    std::filesystem::remove(spool.file("joe"));
    spool.take_and_push({past(3, "joe")});
    CHECK(spool.text("joe") == content(3));
}

TEST_CASE("A damaged file is reported, kept aside and never reset") {
    Spool spool;
    const std::string damaged =
        GENERATE(as<std::string>{}, "", "no number\n", "17\n\x01\x02", std::string(70'000, '1'));
    spool.take_and_push({past(1, "joe"), past(2, "joe")});
    write_bytes(spool.file("joe"), damaged);
    write_bytes(spool.file("new"), damaged);
    spool.take_and_push({past(3, "joe"), past(4, "new"), past(5, "sue")});
    CHECK(spool.text("joe") == content(3)); // as the state knows
    CHECK(spool.text("new") == content(1)); // counted since
    CHECK(spool.text("sue") == content(1));
    const auto kept = "damaged-joe-" + std::to_string(spool.utc);
    CHECK(bytes_of(spool.own() / kept) == damaged);
    CHECK(spool.counted("damaged files kept aside") == 2);
    REQUIRE(spool.reports.size() == 2);
    CHECK_THAT(spool.reports.front(), Catch::Contains("/joe is damaged") && Catch::Contains(kept));
}

TEST_CASE("A damaged file with the longest name is kept aside") {
    Spool spool;
    const std::string one(255, 'a');
    const std::string other = std::string(254, 'a') + "b";
    write_bytes(spool.file(one), "");
    write_bytes(spool.file(other), "");
    spool.take_and_push({past(1, one), past(2, other)});
    CHECK(spool.text(one) == content(1));
    CHECK(spool.text(other) == content(1));
    CHECK(names_of(spool.own()).size() == 2);
    CHECK(value_of(forget_spool_user(spool.options, spool.state, one)));
    CHECK(names_of(spool.own()).size() == 1);
    CHECK(spool.names() == std::vector<std::string>{other});
}

TEST_CASE("A file keeps its owner, or gets that of the configuration") {
    if (skip_unless(geteuid() == 0, "only root can give files away")) {
        return;
    }
    const bool configured = GENERATE(false, true);
    SpoolOptions options;
    if (configured) {
        options.owner = 1234;
        options.group = 2345;
    }
    Spool spool(options);
    write_bytes(spool.file("joe"), content(5));
    REQUIRE(chown(spool.file("joe").c_str(), 77, 88) == 0);
    spool.take_and_push({past(1, "joe"), past(2, std::string(300, 'a'))});
    struct stat status {};
    REQUIRE(stat(spool.file("joe").c_str(), &status) == 0);
    CHECK(status.st_uid == (configured ? 1234 : 77));
    CHECK(status.st_gid == (configured ? 2345 : 88));
    REQUIRE(stat(spool.file(std::string(300, 'a')).parent_path().c_str(), &status) == 0);
    CHECK(status.st_uid == (configured ? 1234 : 0));
}

TEST_CASE("New files of a run that was killed are removed, others are not") {
    Spool spool;
    write_bytes(spool.own() / "new-12-3", "half");
    write_bytes(spool.own() / "damaged-joe-12", "kept");
    write_bytes(spool.options.folder / "new-12-3", content(4));
    must(spool.exporter->prepare(spool.state));
    CHECK(spool.names() == std::vector<std::string>{"new-12-3"});
    CHECK(names_of(spool.own()) == std::vector<std::string>{"damaged-joe-12"});
}
