// Readers of 2006 beside a writer that never rests.
#include "tests/exporters/spool_fixture.h"
#include "tests/exporters/spool_lock.h"

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

constexpr int sessions = 1000;

Session numbered(int number) {
    Session made = past(number, "joe", noon + number);
    made.statistics = "top=" + std::to_string(number);
    return made;
}

std::string read_whole(int file) {
    std::string text(4096, '\0');
    const ssize_t size = read(file, text.data(), text.size());
    return text.substr(0, size < 0 ? 0 : static_cast<std::size_t>(size));
}

// Each reader opens the file, waits for its lock where it knows of locks, reads, closes, until the last
// session.
void read_until_last(const std::filesystem::path& path, bool locks) {
    for (int last = 1; last < sessions;) {
        const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        demand(file >= 0, "the file is missing");
        demand(!locks || wait_for_lock(file, F_RDLCK), "no lock");
        const std::string text = read_whole(file);
        close(file);
        const int counter = std::atoi(text.c_str()); // NOLINT(cert-err34-c)
        demand(text == content(counter, "top=" + std::to_string(counter)), "torn: " + text);
        demand(counter >= last, "went back");
        last = counter;
    }
}

} // namespace

TEST_CASE("A reader never finds half a file, or none, while sessions end") {
    Spool spool;
    spool.take_and_push({numbered(1)});
    const pid_t locking = start_child([&] { read_until_last(spool.file("joe"), true); });
    const pid_t careless = start_child([&] { read_until_last(spool.file("joe"), false); });
    for (int i = 2; i <= sessions; ++i) {
        spool.take_and_push({numbered(i)});
    }
    while (spool.push() == std::chrono::milliseconds(200)) {
    }
    CHECK(spool.text("joe") == content(sessions, "top=" + std::to_string(sessions)));
    CHECK(wait_for(locking) == 0);
    CHECK(wait_for(careless) == 0);
    CHECK(spool.counted("counters changed by others") == 0);
}
