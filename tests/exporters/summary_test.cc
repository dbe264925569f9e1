#include "tests/exporters/fake_reader.h"

#include <catch2/catch.hpp>

namespace dovewatch::test {
namespace {

TEST_CASE("summary shows what each day brought to each service class") {
    const Rows rows{.summaries = {{std::chrono::sys_days{std::chrono::days{20'000}}, "imap", 12, 7, 3, 4096},
                                  {std::chrono::sys_days{std::chrono::days{20'001}}, "pop3", 5, 1, 1, 0}}};
    CHECK(dovewatch(rows, {"summary"}).out ==
          "day         class             logins       users  peak_online            bytes\n"
          "2024-10-04  imap                  12           7            3             4096\n"
          "2024-10-05  pop3                   5           1            1                0\n");
    CHECK_THAT(dovewatch(rows, {"summary", "--json"}).out, Catch::Contains("\"peak_online\":3"));
    CHECK(dovewatch({}, {"summary"}).out.empty());
}

} // namespace
} // namespace dovewatch::test
