// What `dovewatch status` says of exporters.
#include "exporters/export_state.h"
#include "tests/exporters/fake_reader.h"
#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <algorithm>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace dovewatch::test {
namespace {

struct StateSite {
    TemporaryFolder folder;
    std::filesystem::path file = folder / "state.db";
    std::filesystem::path config = folder / "dovewatch.conf";
    SQLite::Database state = value_of(open_export_state(file));

    StateSite() { write_bytes(config, "export-state = " + file.string() + "\n"); }

    Outcome status(const Rows& rows, std::vector<std::string> options = {}) const {
        options.insert(options.begin(), {"status", "--config", config.string()});
        return dovewatch(rows, options);
    }
};

Rows three_rows() {
    Rows rows;
    rows.status.daemon = DaemonStatus{};
    rows.changes = {{1, ann()}, {2, ann()}, {3, ann()}};
    rows.oldest_change = utc("2026-11-21T21:01:04.500000"); // 90 s ago
    return rows;
}

TEST_CASE("status tells what an exporter has not passed on") {
    StateSite site;
    ExporterRow row(site.state, "spool");
    row.advance(3, 3);
    CHECK_THAT(site.status(three_rows()).out, Catch::Contains("\nspool       nothing  "));
    row.set_counters({{"spool", std::string(waiting_counter), 12, false}});
    row.count_failure("the spool folder is gone");
    CHECK_THAT(site.status(three_rows()).out, Catch::Contains("\nspool       12 users wait to be written") &&
                                                  Catch::Contains("the spool folder is gone"));
    CHECK_THAT(site.status(three_rows(), {"--csv"}).out, Catch::Contains("spool.users waiting=12"));
    row.advance(3, 0);
    Rows more = three_rows();
    more.changes.push_back({4, ann()});
    CHECK_THAT(site.status(more).out,
               Catch::Contains("\nspool       1 rows, 1m30s; 12 users wait to be written"));
}

TEST_CASE("status tells programs how late an exporter is, and its error") {
    StateSite site;
    ExporterRow row(site.state, "spool");
    row.advance(1, 1);
    ExporterRow(site.state, "table").count_failure("no room");
    row.count_failure("the spool folder is gone");
    const auto page = nlohmann::json::parse(site.status(three_rows(), {"--json"}).out).at(0);
    CHECK(page.at("exporter_errors") == "spool: the spool folder is gone; table: no room");
    const auto& counters = page.at("counters");
    const auto counter = [&](const std::string& name) {
        const auto found = std::find_if(counters.begin(), counters.end(), [&](const auto& one) {
            return one.at("stage") == "spool" && one.at("name") == name;
        });
        return found == counters.end() ? -1 : found->at("value").template get<int>();
    };
    CHECK(counter("rows behind") == 2);
    CHECK(counter("seconds behind") == 90);
    CHECK_THAT(site.status(three_rows(), {"--csv"}).out,
               Catch::Contains("spool: the spool folder is gone; table: no room\n"));
}

} // namespace
} // namespace dovewatch::test
