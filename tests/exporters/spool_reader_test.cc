// Readers of 2006 beside a writer that never rests.
#include "exporters/spool/content.h"
#include "tests/exporters/spool_fixture.h"
#include "tests/exporters/spool_lock.h"

#include <set>

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

constexpr int sessions = 1000;
constexpr std::int64_t ten_minutes = 600'000'000;

std::int64_t now() {
    using namespace std::chrono;
    return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

Session numbered(int number, const std::string& user = "joe") {
    Session made = past(number, user, now());
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

std::string must_read(const std::filesystem::path& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    demand(file >= 0, "a listed file is missing: " + path.string());
    std::string text = read_whole(file);
    close(file);
    return text;
}

// Whose files are fresh, as a map of who is online asks; each of them must be whole.
std::set<std::string> list_fresh(const std::filesystem::path& folder) {
    std::set<std::string> users;
    for (const std::string& name : names_of(folder)) {
        struct stat status {};
        const bool found = lstat((folder / name).c_str(), &status) == 0;
        demand(found, "a listed name is missing: " + name);
        if (S_ISREG(status.st_mode) && mtime_of(folder / name) > now() - ten_minutes) {
            const std::string text = must_read(folder / name);
            const auto parsed = spool::parse_content(text);
            demand(parsed && spool::format_content(*parsed) == text, "torn: " + text);
            users.insert(name);
        }
    }
    return users;
}

std::string guest(int number) {
    return "guest" + std::to_string(number);
}

// Lists the folder until the last guest is there.
void list_until_last(const std::filesystem::path& folder) {
    for (std::set<std::string> users; users.count(guest(sessions)) == 0;) {
        users = list_fresh(folder);
        for (const std::string& user : users) {
            demand(user == "joe" || user.starts_with("guest"), "no user: " + user);
        }
    }
}

} // namespace

TEST_CASE("A reader that lists the folder meets users' files alone, each of them whole") {
    Spool spool;
    const pid_t lister = start_child([&] { list_until_last(spool.options.folder); });
    for (int i = 1; i <= sessions; ++i) {
        spool.take_and_push({numbered(2 * i), numbered(2 * i + 1, guest(i))});
    }
    CHECK(wait_for(lister) == 0);
}

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
