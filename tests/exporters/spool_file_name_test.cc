// User names as file names.
#include "exporters/spool/file_name.h"
#include "tests/exporters/spool_fixture.h"

#include <random>
#include <set>

using namespace dovewatch;
using namespace dovewatch::test;
using spool::encode_user;
using Parts = std::vector<std::string>;

namespace {

// Neither leaves the folder nor takes a name that the exporter keeps for itself.
void check_stays_inside(const Parts& parts) {
    REQUIRE_FALSE(parts.empty());
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::string& part = parts[i];
        REQUIRE((!part.empty() && part.size() <= spool::longest_name));
        REQUIRE(part.front() != '.');
        REQUIRE(part.find('/') == std::string::npos);
        REQUIRE(
            std::none_of(part.begin(), part.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }));
        const bool is_folder = i + 1 < parts.size();
        REQUIRE((part.ends_with('%') && part.size() > 1) == is_folder);
    }
}

// Percent-decoded, without the `%` that ends a part.
std::string decoded(const Parts& parts) {
    std::string user;
    for (const std::string& part : parts) {
        for (std::size_t i = 0; i < part.size(); ++i) {
            if (part[i] != '%') {
                user += part[i];
            } else if (i + 2 < part.size()) {
                user += static_cast<char>(std::stoi(part.substr(i + 1, 2), nullptr, 16));
                i += 2;
            }
        }
    }
    return user;
}

void check_round_trip(const std::string& user) {
    const Parts parts = encode_user(user);
    check_stays_inside(parts);
    REQUIRE(decoded(parts) == user);
}

std::string random_name(std::mt19937& random) {
    constexpr std::string_view tricky("%/.\0\n\x7f", 6);
    std::string name(random() % (random() % 8 == 0 ? 900 : 12), '\0');
    for (char& c : name) {
        c = random() % 2 == 0 ? tricky[random() % tricky.size()] : static_cast<char>(random() % 256);
    }
    return name;
}

const std::vector<std::string> hostile = {
    "",
    ".",
    "..",
    "...",
    "../../etc/passwd",
    "/etc/passwd",
    "a/b",
    "/",
    ".dovewatch",
    ".dovewatch/new-1-1",
    "%2F",
    "%",
    "%%",
    "joe%",
    std::string("nul\0byte", 8),
    "new\nline",
    "\x1b[31mred",
    "\x7f",
    "\xff\xfe",
    " leading blank",
    "Joe",
    "joe",
    "JOE",
    "-rf",
    "~root",
    "*",
    std::string(255, 'a'),
    std::string(256, 'a'),
    std::string(254, 'a') + "..",
    std::string(254, 'a') + ".new-1",
    std::string(300, '/'),
    std::string(300, '.'),
    std::string(254, 'a') + "%",
    std::string(253, 'a') + "%b",
    std::string(600, 'b') + "@example.org",
};

} // namespace

TEST_CASE("Ordinary names and mail addresses are file names as they are") {
    for (const std::string name : {"joe", "Joe.Smith", "sue@example.org", "a+b@x", "j\xc3\xb6rg@example.org",
                                   "a b", "o'neil", "joe.", "x=y,z", "\\"}) {
        CHECK(encode_user(name) == Parts{name});
    }
    CHECK(encode_user(std::string(255, 'a')) == Parts{std::string(255, 'a')});
}

TEST_CASE("What could leave the folder or the line is percent-encoded") {
    CHECK(encode_user("..") == Parts{"%2E."});
    CHECK(encode_user("../x") == Parts{"%2E.%2Fx"});
    CHECK(encode_user(".hidden") == Parts{"%2Ehidden"});
    CHECK(encode_user("50%") == Parts{"50%25"});
    CHECK(encode_user(std::string("a\0b", 3)) == Parts{"a%00b"});
    CHECK(encode_user("a\r\n") == Parts{"a%0D%0A"});
    CHECK(encode_user("") == Parts{"%"});
}

TEST_CASE("A long name is cut into folders") {
    CHECK(encode_user(std::string(256, 'a')) == Parts{std::string(254, 'a') + "%", "aa"});
    CHECK(encode_user(std::string(254, 'a') + "..") == Parts{std::string(254, 'a') + "%", "%2E."});
    CHECK(encode_user(std::string(253, 'a') + "%b") == Parts{std::string(253, 'a') + "%", "%25b"});
}

TEST_CASE("Hostile names have files of their own, inside the folder, and come back") {
    std::set<Parts> seen;
    for (const std::string& name : hostile) {
        CAPTURE(name);
        check_round_trip(name);
        CHECK(seen.insert(encode_user(name)).second);
    }
}

TEST_CASE("Random bytes stay inside the folder and come back") {
    std::mt19937 random(2006);
    for (int i = 0; i < 5'000; ++i) {
        check_round_trip(random_name(random));
    }
}

TEST_CASE("Each hostile name gets its file") {
    Spool spool;
    std::vector<Session> sessions;
    sessions.reserve(hostile.size());
    for (const std::string& name : hostile) {
        sessions.push_back(past(static_cast<std::int64_t>(sessions.size()) + 1, name));
    }
    spool.take_and_push(sessions);
    for (const std::string& name : hostile) {
        CAPTURE(name);
        CHECK(spool.text(name) == content(1));
    }
    for (const std::string& name : names_of(spool.folder.path())) {
        CHECK((name == "spool" || name.starts_with("state.db")));
    }
}
