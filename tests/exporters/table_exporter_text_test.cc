#include "exporters/table/table_text.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace dovewatch::test {
namespace {

using table::TableRow;

std::string text(TableFormat format, const std::vector<TableRow>& rows) {
    const auto made = table::make_table_text(format);
    fmt::memory_buffer out;
    made->begin(out);
    for (const TableRow& row : rows) {
        made->row(out, row);
    }
    made->end(out);
    return fmt::to_string(out);
}

const std::vector<TableRow> two{{"pop-b", "tom", true, 1, 9003}, {"pop-b", "sue", false, {}, 0}};

std::string user_in(TableFormat format, std::string_view user) {
    const std::string line = text(format, {{"h", user, true, 1, 2}});
    const std::size_t begin = line.find('\n') + 3;
    return line.substr(begin, line.rfind(format == TableFormat::csv ? ",1,1,2\n" : "\t1\t1\t2\n") - begin);
}

} // namespace

TEST_CASE("The table is tab-separated with a header") {
    CHECK(text(TableFormat::tsv, two) == "host\tuser\tactive\tnfiles\tbytes\n"
                                         "pop-b\ttom\t1\t1\t9003\n"
                                         "pop-b\tsue\t0\t?\t0\n");
    CHECK(text(TableFormat::tsv, {}) == "host\tuser\tactive\tnfiles\tbytes\n");
}

TEST_CASE("The table as csv") {
    CHECK(text(TableFormat::csv, two) ==
          "host,user,active,nfiles,bytes\npop-b,tom,1,1,9003\npop-b,sue,0,?,0\n");
}

TEST_CASE("The table as json") {
    CHECK(text(TableFormat::json, two) ==
          "[\n{\"host\":\"pop-b\",\"user\":\"tom\",\"active\":1,\"nfiles\":1,\"bytes\":9003},"
          "\n{\"host\":\"pop-b\",\"user\":\"sue\",\"active\":0,\"nfiles\":null,\"bytes\":0}\n]\n");
    CHECK(text(TableFormat::json, {}) == "[]\n");
}

TEST_CASE("No user's name breaks a line of the table") {
    CHECK(user_in(TableFormat::tsv, "a\tb\nc\rd\\e") == "a\\tb\\nc\\rd\\\\e");
    CHECK(user_in(TableFormat::tsv, "\x1b[2J\x7f") == "\\x1b[2J\\x7f");
    CHECK(user_in(TableFormat::tsv, "sj\xc3\xb6") == "sj\xc3\xb6");
}

TEST_CASE("No user's name breaks a csv, nor runs in a spreadsheet") {
    CHECK(user_in(TableFormat::csv, "a,b") == "\"a,b\"");
    CHECK(user_in(TableFormat::csv, "a\"b\n") == "\"a\"\"b\n\"");
    CHECK(user_in(TableFormat::csv, "=1+1") == "\"'=1+1\"");
    CHECK(user_in(TableFormat::csv, "") == "\"\"");
}

TEST_CASE("No user's name breaks a json") {
    const std::string odd = "\"\\\n\xff{\x01";
    const auto parsed = nlohmann::json::parse(text(TableFormat::json, {{"h", odd, true, 1, 2}}));
    CHECK(parsed[0]["user"] == "\"\\\n\xef\xbf\xbd{\x01");
}

} // namespace dovewatch::test
