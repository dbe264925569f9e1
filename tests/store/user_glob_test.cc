#include "store/user_glob.h"
#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <catch2/catch.hpp>

using namespace dovewatch;
using namespace dovewatch::test;

TEST_CASE("What a glob begins with is known as far as it means itself") {
    const auto [glob, prefix] = GENERATE(table<const char*, const char*>({
        {"sue@example.org", "sue@example.org"},
        {"sue@*", "sue@"},
        {"s[ua]e", "s"},
        {"?ue", ""},
        {"s\\*e*", "s*e"},
        {"s\\\\e", "s\\e"},
        {"sue\\", "sue"},
        {"", ""},
    }));
    CHECK(literal_prefix(glob) == prefix);
    CHECK(literal_prefix(std::nullopt).empty());
}

TEST_CASE("The glob of a user matches the user alone") {
    for (const std::string user : {"sue", "s*e", "s?e", "[sue]", "s\\e", "sue\\", "\xff\x07"}) {
        CAPTURE(user);
        CHECK(matches_user(glob_of_user(user), user));
        CHECK_FALSE(matches_user(glob_of_user(user), "sxe"));
        CHECK(literal_prefix(glob_of_user(user)) == user);
    }
}

TEST_CASE("A glob finds its users among their neighbours") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    const auto writer = open_writer(file);
    std::vector<SessionChange> changes;
    for (const char* user : {"", "a", "su", "sue", "sue*", "sue1", "suf", "z"}) {
        changes.emplace_back(SessionBegan{session(static_cast<std::int64_t>(changes.size()) + 1, user, 10)});
    }
    commit(*writer, changes);
    const auto [glob, users] = GENERATE(table<std::string, std::vector<std::string>>({
        {"sue", {"sue"}},
        {"sue*", {"sue", "sue*", "sue1"}},
        {"sue\\*", {"sue*"}},
        {"*u*", {"su", "sue", "sue*", "sue1", "suf"}},
        {"nobody", {}},
        {"zz*", {}},
    }));
    CAPTURE(glob);
    std::vector<std::string> found_online;
    for (const Session& found : online(file, {glob, {}, {}})) {
        found_online.push_back(found.user);
    }
    CHECK(found_online == users);
    std::vector<std::string> found_last;
    for (const LastLogin& found : last_logins(file, glob)) {
        found_last.push_back(found.user);
    }
    CHECK(found_last == users);
}
