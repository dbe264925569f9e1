#include "monitor/probe_vigil.h"

#include <catch2/catch.hpp>

using namespace dovewatch;
using namespace std::chrono_literals;

namespace {

constexpr ProbeLook before{100s, 7};

std::vector<DovecotProcess> began_at(std::int64_t ticks) {
    return {{{4711, ticks}, 1, ProcessRole::imap}};
}

} // namespace

TEST_CASE("processes that began while the probe saw none start were not seen") {
    CHECK(unseen_starts(before, {400s, 7}, began_at(10001)) == std::vector<ProcessKey>{{4711, 10001}});
    CHECK(unseen_starts(before, {400s, 7}, began_at(39899)).size() == 1);
}

TEST_CASE("probes that saw anything start work") {
    CHECK(unseen_starts(before, {400s, 8}, began_at(10001)).empty());
}

TEST_CASE("what began before, or just now, tells nothing of the probes") {
    CHECK(unseen_starts(before, {400s, 7}, {}).empty());
    CHECK(unseen_starts(before, {400s, 7}, began_at(10000)).empty());
    CHECK(unseen_starts(before, {400s, 7}, began_at(39900)).empty());
}
