#include "tests/exporters/fake_reader.h"

#include <catch2/catch.hpp>

namespace dovewatch::test {
namespace {

const std::string online_fields =
    "kind,user,service,class,address,pid,login,logout,duration,end,estimated,login_estimated,"
    "logout_estimated,hibernated";
const std::string fields = online_fields + ",reason,statistics,top,retrieved,deleted,left,bytes";

TEST_CASE("CSV holds the same fields as JSON") {
    CHECK(dovewatch({.history = {sue(), tom(), ann()}}, {"last", "--csv"}).out ==
          fields +
              "\nsession,sue@example.org,imap,imap,192.0.2.7,4233,2026-11-21T21:00:00.000000Z,,,,"
              "false,false,false,false,,,,,,,\n"
              "session,tom,pop3,pop3,2001:db8::1,99,2026-11-21T20:00:00.250000Z,2026-11-21T20:00:00.254321Z,"
              "0.004321,logout,false,false,false,false,,,,,,,\n"
              "delivery,ann,lmtp,lmtp,,7,2026-11-21T19:00:00.000000Z,2026-11-21T19:00:00.000000Z,0.000000,,"
              "false,false,false,false,,,,,,,\n");
    CHECK(dovewatch({}, {"who", "--csv"}).out == online_fields + "\n");
}

std::string user_field(const std::string& name, bool is_terminal = false) {
    Session session = sue();
    session.user = name;
    const auto out = dovewatch({.online = {session}}, {"who", "--csv"}, is_terminal).out;
    const std::size_t begin = online_fields.size() + std::string("\nsession,").size();
    return out.substr(begin, out.find(",imap,imap,") - begin);
}

TEST_CASE("CSV quotes as RFC 4180 says") {
    CHECK(user_field("plain name") == "plain name");
    CHECK(user_field("a,b") == R"("a,b")");
    CHECK(user_field(R"(a"b)") == R"("a""b")");
    CHECK(user_field("a\nb") == "\"a\nb\"");
    CHECK(user_field("a\rb") == "\"a\rb\"");
    CHECK(user_field("") == R"("")");
    CHECK(user_field("\xff\x07") == "\xff\x07");
}

TEST_CASE("CSV holds no formula") {
    CHECK(user_field("=1+1") == "\"'=1+1\"");
    CHECK(user_field("+1") == "\"'+1\"");
    CHECK(user_field("-1") == "\"'-1\"");
    CHECK(user_field("@SUM(A1)") == "\"'@SUM(A1)\"");
    CHECK(user_field("\t=1") == "\"'\t=1\"");
    CHECK(user_field("=\"") == "\"'=\"\"\"");
    CHECK(user_field("a=1") == "a=1");
}

TEST_CASE("CSV on a terminal commands nothing") {
    CHECK(user_field("\x1b[2J", true) == R"(\x1b[2J)");
}

} // namespace
} // namespace dovewatch::test
