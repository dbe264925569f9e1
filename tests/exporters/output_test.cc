#include "exporters/terminal/output.h"

#include <string>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <unistd.h>

namespace dovewatch::terminal {
namespace {

TEST_CASE("output is written in large pieces and the rest on flush") {
    int ends[2];
    REQUIRE(pipe2(ends, O_NONBLOCK) == 0);
    Output output(ends[1]);
    std::string piece(1000, 'x');
    char byte = 0;
    output.buffer().append(piece);
    CHECK(output.appended());
    CHECK(read(ends[0], &byte, 1) == -1); // nothing yet
    CHECK(output.flush());
    piece.resize(2000);
    CHECK(read(ends[0], piece.data(), piece.size()) == 1000);
    close(ends[0]);
    close(ends[1]);
}

TEST_CASE("output remembers that a write has failed") {
    const int full = open("/dev/full", O_WRONLY);
    Output output(full);
    output.buffer().append(std::string(100'000, 'x'));
    CHECK_FALSE(output.appended());
    CHECK_FALSE(output.appended());
    const auto flushed = output.flush();
    REQUIRE_FALSE(flushed);
    CHECK(flushed.error().message == "cannot write standard output: No space left on device");
    close(full);
}

} // namespace
} // namespace dovewatch::terminal
