// The exporters' own database, among users who do not trust one another.
#include "exporters/export_state.h"
#include "tests/store/process.h"
#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

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

TEST_CASE("Who may only read sees the state while the exporters run and when they have ended") {
    if (skip_unless(geteuid() == 0, "only root can become another user")) {
        return;
    }
    constexpr gid_t readers = 54321;
    const TemporaryFolder folder;
    REQUIRE(chown(folder.path().c_str(), 0, readers) == 0);
    REQUIRE(chmod(folder.path().c_str(), 0750) == 0);
    const auto file = folder / "state.db";
    const auto nobody_sees_it = [&] {
        return as_nobody(readers, [&] {
            const auto read = read_export_state(file);
            demand(read.has_value(), read ? "" : read.error().message);
            demand(read->has_value() && (*read)->size() == 1 && (*read)->front().failed == 1,
                   "another state");
        });
    };
    {
        auto state = value_of(open_export_state(file));
        ExporterRow(state, "spool").count_failure("full");
        CHECK(nobody_sees_it());
    }
    CHECK(nobody_sees_it());
}
