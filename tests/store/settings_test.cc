#include "store/settings.h"
#include "tests/store/process.h"
#include "tests/temporary_folder.h"

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

using namespace dovewatch;
namespace po = boost::program_options;

namespace {

std::string error_of(const std::string& text) {
    std::istringstream stream(text);
    po::variables_map values;
    const auto read = read_config(stream, "test.conf", values);
    if (read) {
        return "";
    }
    CHECK(read.error().kind == Error::Kind::usage);
    return read.error().message;
}

po::variables_map command_line(const std::vector<std::string>& arguments) {
    po::variables_map values;
    po::store(po::command_line_parser(arguments).options(common_options()).run(), values);
    return values;
}

} // namespace

TEST_CASE("An empty configuration gives the defaults") {
    std::istringstream text("");
    po::variables_map values;
    REQUIRE(read_config(text, "test.conf", values));
    CHECK(database_file(values) == default_database_file);
    CHECK(values["ring-buffer-seconds"].as<std::uint32_t>() == 60);
    CHECK(values["ring-buffer-login-rate"].as<std::uint32_t>() == 250);
    CHECK(values["source"].as<std::string>() == "auto");
    CHECK(values["commit-interval"].as<std::uint32_t>() == 40);
    CHECK(values["master-uid"].as<std::uint32_t>() == 0);
    CHECK(values["lda-uids"].as<std::vector<std::uint32_t>>().empty());
}

TEST_CASE("Every key is read, among comments, blanks and line ends of any kind") {
    std::istringstream text(
        "# Dovewatch\n\n   database=/srv/a b.db   # here\r\n\tring-buffer-seconds\t=\t16\r\n"
        "source = uprobe\ncommit-interval = 1\nmaster-uid = 4294967294\nlda-uids = 8, 33 1000");
    po::variables_map values;
    const auto read = read_config(text, "test.conf", values);
    INFO((read ? "" : read.error().message));
    REQUIRE(read);
    CHECK(database_file(values) == "/srv/a b.db");
    CHECK(values["ring-buffer-seconds"].as<std::uint32_t>() == 16);
    CHECK(values["source"].as<std::string>() == "uprobe");
    CHECK(values["commit-interval"].as<std::uint32_t>() == 1);
    CHECK(values["master-uid"].as<std::uint32_t>() == 4294967294U);
    CHECK(values["lda-uids"].as<std::vector<std::uint32_t>>() == std::vector<std::uint32_t>{8, 33, 1000});
}

TEST_CASE("What is wrong in a configuration file is named with its line and the mend") {
    const auto [text, message] = GENERATE(table<std::string, std::string>({
        {"# x\n\ndatabse = /x", "test.conf:3: unknown key 'databse': did you mean 'database'?"},
        {"colour = red",
         "test.conf:1: unknown key 'colour': the known keys are: database, ring-buffer-seconds, "},
        {"[database]\nfile = /x", "test.conf:2: unknown key 'database.file': "},
        {"data = /x", "test.conf:1: unknown key 'data': "},
        {"source = uprobe\nsource = auto", "test.conf:2: 'source' is already set in line 1: remove one"},
        {"database", "test.conf:1: 'database' is no assignment: write 'key = value'"},
        {"= 7", "test.conf:1: '= 7' is no assignment"},
        {"[section", "test.conf:1: '[section' is no assignment"},
        {"database =", "test.conf:1: database = '' must be the path of a file"},
        {"source = magic", "test.conf:1: source = 'magic' must be one of: auto, uprobe"},
        {"ring-buffer-seconds = 0", "ring-buffer-seconds = '0' must be a whole number from 1 to 86400 (s)"},
        {"ring-buffer-login-rate = -1", "ring-buffer-login-rate = '-1' must be a whole number"},
        {"ring-buffer-seconds = 1 min", "ring-buffer-seconds = '1 min' must be a whole number"},
        {"commit-interval = 99999999999999", "commit-interval = '99999999999999' must be"},
        {"commit-interval = 1.5", "commit-interval = '1.5' must be"},
        {"commit-interval =", "commit-interval = '' must be"},
        {"master-uid = 4294967295", "master-uid = '4294967295' must be"},
        {"lda-uids = vmail", "lda-uids = 'vmail' must be numeric user ids, separated by commas"},
        {"lda-uids = 1;2", "lda-uids = '1;2' must be numeric user ids"},
        {"\x01\xff = 1", "test.conf:1: unknown key"},
    }));
    CAPTURE(text);
    CHECK_THAT(error_of(text), Catch::Contains(message));
}

TEST_CASE("A message is one line that a terminal can show, whatever the file holds") {
    const std::string message = error_of("evil\x1b[2J\x07 = 1\n");
    CHECK(message.find('\x1b') == std::string::npos);
    CHECK(message.find('\x07') == std::string::npos);
}

TEST_CASE("The command line wins over the configuration file, which wins over the default") {
    std::istringstream text("database = /from/file");
    SECTION("given in both") {
        auto values = command_line({"--database", "/from/line"});
        REQUIRE(read_config(text, "test.conf", values));
        CHECK(database_file(values) == "/from/line");
    }
    SECTION("given in the file alone") {
        auto values = command_line({});
        REQUIRE(read_config(text, "test.conf", values));
        CHECK(database_file(values) == "/from/file");
    }
}

TEST_CASE("A configuration file that is named must be readable, the default one may be missing") {
    const test::TemporaryFolder folder;
    const std::string file = folder / "dovewatch.conf";
    SECTION("there") {
        std::ofstream(file) << "source = uprobe\n";
        auto values = command_line({"--config", file});
        REQUIRE(read_config_file(values));
        CHECK(values["source"].as<std::string>() == "uprobe");
    }
    SECTION("wrong") {
        std::ofstream(file) << "\nsource = upro\n";
        auto values = command_line({"--config", file});
        CHECK_THAT(read_config_file(values).error().message, Catch::StartsWith(file + ":2: "));
    }
    SECTION("missing") {
        auto values = command_line({"--config", file});
        const auto read = read_config_file(values);
        REQUIRE_FALSE(read);
        CHECK(read.error().kind == Error::Kind::usage);
        CHECK_THAT(read.error().message, Catch::Contains(file) && Catch::Contains("No such file"));
    }
    SECTION("a folder") {
        auto values = command_line({"--config", folder.path()});
        CHECK_THAT(read_config_file(values).error().message,
                   Catch::Contains("cannot be read: Is a directory"));
    }
    SECTION("the default one") {
        if (std::filesystem::exists(default_config_file)) {
            test::skip_unless(false, "this host has a configuration file of its own");
            return;
        }
        auto values = command_line({});
        CHECK(read_config_file(values));
    }
}

TEST_CASE("A bad value on the command line is refused with the option's name") {
    po::variables_map values;
    const std::vector<std::string> arguments{"--commit-interval", "-5"};
    CHECK_THROWS_WITH(
        po::store(po::command_line_parser(arguments).options(config_file_options()).run(), values),
        Catch::Contains("--commit-interval"));
    const std::vector<std::string> joined{"--commit-interval=0"};
    CHECK_THROWS_WITH(po::store(po::command_line_parser(joined).options(config_file_options()).run(), values),
                      "the value '0' of --commit-interval must be a whole number from 1 to 10000 (ms)");
}
