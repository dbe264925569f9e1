#include "monitor/library_probes.h"
#include "tests/temporary_folder.h"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

using namespace dovewatch;
using Catch::Contains;

TEST_CASE("a probe that is forbidden comes with the setting that may forbid it") {
    const test::TemporaryFolder proc;
    CHECK_THAT(explain_refusal(EACCES, proc.path()), Contains("perf_event_paranoid is unknown"));
    std::filesystem::create_directories(proc / "sys/kernel");
    std::ofstream(proc / "sys/kernel/perf_event_paranoid") << "4\n";
    CHECK_THAT(explain_refusal(EACCES, proc.path()),
               Contains("Permission denied (kernel.perf_event_paranoid is 4:") && Contains("CAP_PERFMON"));
    CHECK_THAT(explain_refusal(EPERM, proc.path()), Contains("perf_event_paranoid is 4:"));
    CHECK(explain_refusal(ENOENT, proc.path()) == "No such file or directory");
}
