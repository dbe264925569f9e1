// The files of users with open sessions.
#include "tests/exporters/spool_fixture.h"

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

SpoolOptions touching() {
    SpoolOptions options;
    options.services = {Service::imap};
    options.touch_online = true;
    return options;
}

Session imap(Session made) {
    made.service = Service::imap;
    return made;
}

void pass_time(Spool& spool, std::chrono::milliseconds time) {
    spool.steady += time;
    spool.utc += std::chrono::microseconds(time).count();
}

} // namespace

TEST_CASE("An open session keeps its file's mtime fresh, each minute") {
    Spool spool(touching());
    spool.take({imap(past(1, "joe")), imap(session(2, "joe", noon))});
    CHECK(spool.push() == std::chrono::minutes(1));
    for (int i = 0; i < 3; ++i) {
        CHECK(mtime_of(spool.file("joe")) == spool.utc);
        pass_time(spool, std::chrono::seconds(59));
        CHECK(spool.push() == std::chrono::seconds(1));
        CHECK(mtime_of(spool.file("joe")) == spool.utc - 59'000'000);
        pass_time(spool, std::chrono::seconds(1));
        CHECK(spool.push() == std::chrono::minutes(1));
    }
    CHECK(spool.text("joe") == content(1));
}

TEST_CASE("A user without a file gets one at login, with nothing counted") {
    Spool spool(touching());
    spool.take_and_push({imap(session(1, "joe", noon))});
    CHECK(spool.text("joe") == content(0, spool.options.missing_statistics));
    CHECK(mtime_of(spool.file("joe")) == spool.utc);
}

TEST_CASE("A login leaves the counter and the statistics that were there") {
    Spool spool(touching());
    write_bytes(spool.file("joe"), content(17));
    spool.take_and_push({imap(session(1, "joe", noon))});
    CHECK(spool.text("joe") == content(17));
    CHECK(mtime_of(spool.file("joe")) == spool.utc);
}

TEST_CASE("After the last logout the mtime is the logout's and stays") {
    Spool spool(touching());
    spool.take_and_push({imap(session(1, "joe", noon)), imap(session(2, "joe", noon))});
    spool.take_and_push({imap(past(1, "joe"))});
    CHECK(mtime_of(spool.file("joe")) == spool.utc);
    spool.take_and_push({imap(past(2, "joe", noon + 1))});
    CHECK(mtime_of(spool.file("joe")) == noon + 1);
    pass_time(spool, std::chrono::minutes(5));
    spool.push();
    CHECK(mtime_of(spool.file("joe")) == noon + 1);
    CHECK(spool.text("joe") == content(2));
}

TEST_CASE("An open session with the id of one that the store has lost takes its place") {
    Spool spool(touching());
    spool.take_and_push({imap(session(1, "joe", noon))});
    spool.take_and_push({imap(session(1, "sue", noon + 1))});
    const auto last_of_joe = spool.utc;
    pass_time(spool, std::chrono::minutes(1));
    spool.push();
    CHECK(mtime_of(spool.file("joe")) == last_of_joe);
    CHECK(mtime_of(spool.file("sue")) == spool.utc);
}

TEST_CASE("The file of an open session that was removed comes back") {
    Spool spool(touching());
    spool.take_and_push({imap(past(1, "joe")), imap(session(2, "joe", noon))});
    std::filesystem::remove(spool.file("joe"));
    pass_time(spool, std::chrono::minutes(1));
    spool.push();
    CHECK(spool.text("joe") == content(1));
    CHECK(mtime_of(spool.file("joe")) == spool.utc);
}

TEST_CASE("Touching goes on after a restart, and ends with the configuration") {
    Spool spool(touching());
    spool.take_and_push({imap(session(1, std::string(300, 'j'), noon))});
    pass_time(spool, std::chrono::seconds(10));
    spool.restart();
    must(spool.exporter->prepare(spool.state));
    spool.push();
    const auto touched = spool.utc;
    CHECK(mtime_of(spool.file(std::string(300, 'j'))) == touched);
    pass_time(spool, std::chrono::minutes(10));
    spool.options.touch_online = false;
    spool.restart();
    must(spool.exporter->prepare(spool.state));
    CHECK(spool.push() > std::chrono::minutes(1));
    CHECK(mtime_of(spool.file(std::string(300, 'j'))) == touched);
}

TEST_CASE("Nothing is touched, nor made at login, unless so configured") {
    Spool spool;
    spool.take_and_push({past(1, "joe"), session(2, "joe", noon), session(3, "sue", noon)});
    pass_time(spool, std::chrono::minutes(2));
    spool.push();
    CHECK(mtime_of(spool.file("joe")) == noon);
    CHECK(spool.names() == std::vector<std::string>{"joe"});
}
