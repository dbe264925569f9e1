#include "store/lock_file.h"
#include "tests/store/process.h"
#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <string>

#include <catch2/catch.hpp>
#include <unistd.h>

using namespace dovewatch;
using namespace dovewatch::test;

TEST_CASE("A second writer is refused with the pid of the first") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    auto first = open_writer(file);
    const std::string pid = std::to_string(getpid());
    const auto refused = [&] {
        const auto second = Writer::open(file);
        demand(!second, "a second writer was let in");
        demand(second.error().kind == Error::Kind::unavailable, "kind");
        demand(second.error().message.find("process " + pid) != std::string::npos, second.error().message);
    };
    CHECK_NOTHROW(refused()); // the same process, twice: the first refusal must not give the lock back
    CHECK_NOTHROW(refused());
    CHECK(in_child(refused));
    CHECK(in_child(refused));
    first.reset();
    CHECK(in_child([&] { demand(Writer::open(file).has_value(), "the lock was not given back"); }));
    CHECK(Writer::open(file));
}

TEST_CASE("Status finds the process that holds the database") {
    const TemporaryFolder folder;
    const auto file = folder / "test.db";
    auto writer = open_writer(file);
    const auto holder = [&] { return value_of(value_of(Reader::open(file))->status()).daemon_pid; };
    CHECK(holder() == getpid());
    const pid_t writer_pid = getpid();
    CHECK(in_child([&] {
        const auto status = Reader::open(file).value()->status();
        demand(status.has_value() && status->daemon_pid == writer_pid, "not found from another process");
    }));
    CHECK(in_child([&] { demand(!Writer::open(file), "reading the status gave the lock back"); }));
    writer.reset();
    CHECK_FALSE(holder());
    std::filesystem::remove(file.string() + ".lock");
    CHECK_FALSE(holder());
}
