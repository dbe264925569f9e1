#include "tests/exporters/fake_reader.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace dovewatch::test {
namespace {

Rows busy() {
    Rows rows;
    rows.status = {4711,
                   DaemonStatus{4711,
                                "0.1.0",
                                "uprobe",
                                utc("2026-11-21T17:50:00"),
                                utc("2026-11-21T21:02:31"),
                                {{"kernel", "events", 12345, false}, {"kernel", "ring_full", 0, true}}},
                   1234, 12897484};
    return rows;
}

Rows losing() {
    Rows rows = busy();
    rows.status.daemon->counters[1].value = 2;
    return rows;
}

const std::string facts = "daemon      running (pid 4711)\n"
                          "version     0.1.0\n"
                          "source      uprobe\n"
                          "started     2026-11-21 18:50:00 +01:00 (3h12m ago)\n"
                          "last event  2026-11-21 22:02:31 +01:00 (3s ago)\n"
                          "online      1234 sessions\n"
                          "database    /x.db\n"
                          "size        12.3 MiB (12897484 bytes)\n\n";

TEST_CASE("status shows what the daemon saw, and that nothing is lost") {
    const auto outcome = dovewatch(busy(), {"status", "--database", "/x.db"});
    CHECK(outcome.out == facts + "stage     counter                                          count\n"
                                 "kernel    events                                           12345\n"
                                 "kernel    ring_full                                            0\n\n"
                                 "nothing lost\n");
    CHECK(outcome.err.empty());
    CHECK(outcome.status == 0);
}

TEST_CASE("status shows how full the ring buffer has been") {
    Rows rows = busy();
    rows.status.daemon->counters = {{"kernel", std::string(ring_bytes_counter), 8U << 20U, false},
                                    {"kernel", std::string(ring_peak_counter), 1U << 20U, false}};
    CHECK_THAT(dovewatch(rows, {"status"}).out,
               Catch::Contains("buffer      12.5 % full at most, of 8 MiB\n"));
    rows.status.daemon->counters[1].value = 7U << 20U;
    CHECK_THAT(dovewatch(rows, {"status"}, true).out, Catch::Contains("\x1b[1;31m87.5 % full"));
}

TEST_CASE("status makes losses stand out") {
    const auto outcome = dovewatch(losing(), {"status", "--database", "/x.db"});
    CHECK(outcome.out == facts + "stage     counter                                          count\n"
                                 "kernel    events                                           12345\n"
                                 "kernel    ring_full                                            2  LOST\n\n"
                                 "2 LOST\n");
    const auto coloured = dovewatch(losing(), {"status"}, true);
    CHECK_THAT(coloured.out, Catch::EndsWith("\x1b[1;31m2 LOST\x1b[0m\n"));
    CHECK(dovewatch(busy(), {"status"}, true).out.find("\x1b[1;31m") == std::string::npos);
}

TEST_CASE("status tells by its exit status that the daemon does not run") {
    Rows rows;
    rows.status = {};
    const auto outcome = dovewatch(rows, {"status", "--database", "/x.db"});
    CHECK(outcome.status == 3);
    CHECK(outcome.out == "daemon      not running: systemctl start dovewatchd\n"
                         "online      0 sessions\n"
                         "database    /x.db\n"
                         "size        0 bytes\n");
    CHECK(dovewatch(rows, {"status", "--json"}).status == 3);
}

TEST_CASE("status gives programs one record") {
    const auto array =
        nlohmann::json::parse(dovewatch(losing(), {"status", "--json", "--database", "/x.db"}).out);
    CHECK(array == nlohmann::json::parse(R"([{
        "running": true, "pid": 4711, "version": "0.1.0", "source": "uprobe",
        "started": "2026-11-21T17:50:00.000000Z", "last_event": "2026-11-21T21:02:31.000000Z",
        "lost": 2, "sessions_online": 1234, "database": "/x.db", "database_bytes": 12897484,
        "counters": [{"stage": "kernel", "name": "events", "value": 12345, "loss": false},
                     {"stage": "kernel", "name": "ring_full", "value": 2, "loss": true}],
        "exporter_errors": null}])"));
    CHECK(dovewatch(losing(), {"status", "--csv", "--database", "/x.db"}).out ==
          "running,pid,version,source,started,last_event,lost,sessions_online,database,database_bytes,"
          "counters,exporter_errors\n"
          "true,4711,0.1.0,uprobe,2026-11-21T17:50:00.000000Z,2026-11-21T21:02:31.000000Z,2,1234,/"
          "x.db,12897484,"
          "kernel.events=12345 kernel.ring_full=2,\n");
}

TEST_CASE("status of a database that no daemon has written to yet") {
    Rows rows;
    rows.status.daemon_pid.reset();
    CHECK(
        dovewatch(rows, {"status", "--json", "--database", "/x.db"}).out ==
        "[\n"
        R"({"running":false,"pid":null,"version":null,"source":null,"started":null,"last_event":null,)"
        R"("lost":null,"sessions_online":0,"database":"/x.db","database_bytes":0,"counters":[],"exporter_errors":null})"
        "\n]\n");
}

} // namespace
} // namespace dovewatch::test
