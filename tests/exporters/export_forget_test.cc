// A user who is to be forgotten by exporters of which only some are used.
#include "exporters/export_state.h"
#include "exporters/exporter_list.h"
#include "exporters/table/table_exporter.h"
#include "store/settings.h"
#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <sstream>

#include <catch2/catch.hpp>

using namespace dovewatch;
using namespace dovewatch::test;

namespace {

// The table exporter alone has run, and knows sue.
struct TableSite {
    TemporaryFolder folder;
    SQLite::Database state = value_of(open_export_state(folder / "state.db"));

    TableSite() {
        TableOptions options;
        options.file = folder / "table";
        TableExporter table(options);
        must(table.prepare(state));
        must(table.take(std::vector{StoreChange{1, session(1, "sue", 1)}}, false, state));
    }

    boost::program_options::variables_map settings(const std::filesystem::path& spool) const {
        std::istringstream text("spool-folder = " + spool.string() + "\n");
        boost::program_options::variables_map values;
        must(read_config(text, "test", values));
        return values;
    }

    int rows() {
        return state.execAndGet(
            "SELECT (SELECT count(*) FROM table_user) + (SELECT count(*) FROM table_online)");
    }
};

} // namespace

TEST_CASE("A user of the table alone is forgotten where no spool was ever made") {
    TableSite site;
    const auto settings = site.settings(site.folder / "none");
    CHECK(value_of(forget_exported(settings, site.state, "sue")) == 1);
    CHECK(site.rows() == 0);
    CHECK(value_of(forget_exported(settings, site.state, "sue")) == 0);
}

TEST_CASE("A spool that cannot forget keeps nobody in the table, and is told") {
    TableSite site;
    write_bytes(site.folder / "file", "");
    const auto forgotten = forget_exported(site.settings(site.folder / "file"), site.state, "sue");
    REQUIRE_FALSE(forgotten);
    CHECK_THAT(forgotten.error().message, Catch::Contains("it is not a folder"));
    CHECK(site.rows() == 0);
}
