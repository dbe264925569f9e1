#include "tests/exporters/fake_reader.h"

#include <fstream>

#include <catch2/catch.hpp>

namespace dovewatch::test {
namespace {

TEST_CASE("options may stand before and after the command") {
    dovewatch({}, {"--database", "/a.db", "who", "tom"});
    CHECK(asked().database == "/a.db");
    CHECK(asked().filter.user_glob == "tom");
    dovewatch({}, {"--json", "--utc", "who", "--database=/b.db", "tom", "--ip", "192.0.2.7"});
    CHECK(asked().database == "/b.db");
    CHECK(asked().filter.user_glob == "tom");
    dovewatch({}, {"who", "--", "-tom"});
    CHECK(asked().filter.user_glob == "-tom");
    dovewatch({}, {"who", "who"});
    CHECK(asked().filter.user_glob == "who");
}

TEST_CASE("help tells the commands, and each command its options") {
    for (const auto& arguments : {std::vector<std::string>{"--help"}, {"-h"}}) {
        const auto outcome = dovewatch({}, arguments);
        CHECK(outcome.status == 0);
        CHECK_THAT(outcome.out,
                   Catch::StartsWith("Usage: dovewatch COMMAND") && Catch::Contains("  who [USER-GLOB]") &&
                       Catch::Contains("  last [USER]") && Catch::Contains("  lastlogin [USER-GLOB]") &&
                       Catch::Contains("  status") && Catch::Contains("--database") &&
                       Catch::Contains("U+FFFD"));
    }
    CHECK_THAT(dovewatch({}, {"who", "--help"}).out,
               Catch::StartsWith("Usage: dovewatch who [USER-GLOB] [OPTIONS]") &&
                   Catch::Contains("--service") && Catch::Contains("-1"));
    CHECK_THAT(dovewatch({}, {"--help", "last"}).out, Catch::Contains("--since"));
    CHECK_THAT(dovewatch({}, {"status", "--help"}).out, Catch::Contains("3 it does not"));
    CHECK(dovewatch({}, {"--version"}).out == "dovewatch " DOVEWATCH_VERSION "\n");
    CHECK(dovewatch({}, {"last", "--version"}).out == "dovewatch " DOVEWATCH_VERSION "\n");
}

TEST_CASE("usage errors are one line and a hint") {
    using Arguments = std::vector<std::string>;
    const std::string commands = "who, last, lastlogin, user, pop3-deleters, summary, forget, status, doctor";
    const auto [arguments, message] = GENERATE_COPY(table<Arguments, std::string>({
        {Arguments(), "a command is missing: the commands are " + commands + " (see dovewatch --help)"},
        {{"whom"}, "'whom' is no command: the commands are " + commands + " (see dovewatch --help)"},
        {{"who", "--foo"}, "unrecognised option '--foo' (see dovewatch who --help)"},
        {{"--foo", "who"}, "unrecognised option '--foo' (see dovewatch who --help)"},
        {{"who", "--serv", "imap"}, "unrecognised option '--serv' (see dovewatch who --help)"},
        {{"who", "a", "b"}, "too many arguments (see dovewatch who --help)"},
        {{"status", "a"}, "too many arguments (see dovewatch status --help)"},
        {{"who", "--json", "--csv"}, "--json and --csv exclude each other (see dovewatch who --help)"},
        {{"last", "-n"},
         "the required argument for option '--number' is missing (see dovewatch last --help)"},
    }));
    const auto outcome = dovewatch({}, arguments);
    CHECK(outcome.err == "dovewatch: " + message + "\n");
    CHECK(outcome.out.empty());
    CHECK(outcome.status == 2);
    CHECK(asked().database.empty());
}

TEST_CASE("the configuration file names the database, the command line overrides it") {
    const std::string file = "cli_test.conf";
    std::ofstream(file) << "database = /from/file.db\n";
    dovewatch({}, {"who", "--config", file});
    CHECK(asked().database == "/from/file.db");
    dovewatch({}, {"who", "--config", file, "--database", "/x.db"});
    CHECK(asked().database == "/x.db");
    std::ofstream(file) << "nonsense\n";
    const auto outcome = dovewatch({}, {"who", "--config", file});
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, Catch::StartsWith("dovewatch: cli_test.conf:1: "));
    std::remove(file.c_str());
    CHECK(dovewatch({}, {"who", "--config", file}).status == 2);
}

} // namespace
} // namespace dovewatch::test
