// What stands in a spool file.
#include "exporters/spool/content.h"

#include <random>

#include <catch2/catch.hpp>

using namespace dovewatch::spool;

namespace {

const std::string line = "top=0/0, retr=1/2945, del=1/5, size=2865";

} // namespace

TEST_CASE("A spool file is a counter and a line of statistics") {
    CHECK(format_content({17, line}) == "17\n" + line + "\n");
    CHECK(format_content({0, ""}) == "0\n\n");
}

TEST_CASE("What an older writer left is understood") {
    const auto [text, statistics] =
        GENERATE_COPY(table<std::string, std::string>({{"17\n" + line + "\n", line},
                                                       {"17 " + line + "\n", line},
                                                       {"17\n" + line, line},
                                                       {"17\n", ""},
                                                       {"17", ""},
                                                       {"17\n\n", ""}}));
    CAPTURE(text);
    const auto content = parse_content(text);
    REQUIRE(content);
    CHECK(content->counter == 17);
    CHECK(content->statistics == statistics);
}

TEST_CASE("Anything else is damaged") {
    const std::string text =
        GENERATE(as<std::string>{}, "", "\n", " 17\n", "top=0/0\n", "-1\n", "+1\n", "17x\n", "1.5\n",
                 "17\na\nb\n", "17\n\x01\n", "99999999999999999999\n", "9223372036854775807\n");
    CAPTURE(text);
    CHECK_FALSE(parse_content(text));
    CHECK_FALSE(parse_content(std::string("17\n\0\n", 5)));
    CHECK_FALSE(parse_content("17\n" + std::string(largest_file, 'x')));
}

TEST_CASE("No statistics can make a file that is damaged") {
    std::mt19937 random(7);
    for (int i = 0; i < 2000; ++i) {
        std::string statistics(random() % 64, '\0');
        for (char& c : statistics) {
            c = static_cast<char>(random() % 256);
        }
        REQUIRE(parse_content(format_content({i, statistics})));
    }
    CHECK(parse_content(format_content({1, std::string(2 * largest_file, 'x')})));
    CHECK(format_content({1, "a\nb"}) == "1\na b\n");
}
