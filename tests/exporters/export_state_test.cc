// The exporters' own database, among users who do not trust one another.
#include "exporters/export_state.h"
#include "tests/store/process.h"
#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <catch2/catch.hpp>

using namespace dovewatch;
using namespace dovewatch::test;

TEST_CASE("A link in place of the state is not followed") {
    const TemporaryFolder folder;
    const auto victim = folder / "victim.db";
    const bool exists = GENERATE(true, false);
    if (exists) {
        SQLite::Database(victim.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
            .exec("CREATE TABLE precious(x)");
    }
    const std::string before = exists ? bytes_of(victim) : "";
    std::filesystem::create_symlink(victim, folder / "state.db");
    const auto opened = open_export_state(folder / "state.db");
    REQUIRE_FALSE(opened);
    CHECK_THAT(opened.error().message, Catch::Contains("state.db") && Catch::Contains("symbolic link"));
    CHECK(std::filesystem::exists(victim) == exists);
    CHECK((exists ? bytes_of(victim) : "") == before);
}

TEST_CASE("The state's folder may be reached by a link") {
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder / "real");
    std::filesystem::create_directory_symlink(folder / "real", folder / "link");
    CHECK(open_export_state(folder / "link/state.db"));
    CHECK(value_of(read_export_state(folder / "link/state.db")));
    CHECK_THAT(open_export_state(folder / "none/state.db").error().message,
               Catch::Contains("none cannot be reached: it does not exist"));
}
