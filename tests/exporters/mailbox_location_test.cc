#include "exporters/table/mail_location.h"
#include "tests/store/sample.h"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace dovewatch::test {
namespace {

using table::LocationTemplate;
using table::MailFormat;

LocationTemplate parsed(const std::string& text, const std::string& home = "/home/%d/%n") {
    return value_of(LocationTemplate::parse(text, home, false));
}

std::string root_of(const std::string& text, const std::string& user = "Sue@Example.org") {
    return value_of(parsed(text).expand(user)).root;
}

std::string refusal(const std::string& text, const std::string& home = "/home/%u", bool subfolders = false) {
    const auto made = LocationTemplate::parse(text, home, subfolders);
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().kind == Error::Kind::usage);
    return made.error().message;
}

} // namespace

TEST_CASE("Variables of a mail location stand for the user") {
    const auto [text, path] = GENERATE(Catch::Generators::table<std::string, std::string>(
        {{"maildir:/v/%d/%n/Maildir", "/v/Example.org/Sue/Maildir"},
         {"maildir:/v/%u", "/v/Sue@Example.org"},
         {"maildir:/v/%Lu", "/v/sue@example.org"},
         {"maildir:/v/%1n/%1.1Ln/%Ln", "/v/S/u/sue"},
         {"maildir:/v/100%%", "/v/100%"},
         {"maildir:~/Maildir", "/home/Example.org/Sue/Maildir"},
         {"maildir:~", "/home/Example.org/Sue"},
         {"maildir:%h/mail///", "/home/Example.org/Sue/mail"},
         {"maildir:%{home}/mail", "/home/Example.org/Sue/mail"},
         {"maildir:/v/%{user}", "/v/Sue@Example.org"},
         {"maildir:/v/%{domain}/%{username}", "/v/Example.org/Sue"},
         {"maildir:/v/%{user | domain | lower}/%{user|username}", "/v/example.org/Sue"}}));
    CHECK(root_of(text) == path);
}

TEST_CASE("A mail location names its format") {
    const auto [text, format] =
        GENERATE(Catch::Generators::table<std::string, MailFormat>({{"maildir:/v/%u", MailFormat::maildir},
                                                                    {"mbox:/v/%u", MailFormat::mbox},
                                                                    {"sdbox:/v/%u", MailFormat::sdbox},
                                                                    {"mdbox:/v/%u", MailFormat::mdbox}}));
    CHECK(value_of(parsed(text).expand("sue")).format == format);
}

TEST_CASE("An mbox location has its INBOX, or Dovecot's default") {
    CHECK(value_of(parsed("mbox:~/mail:INBOX=/var/mail/%u:INDEX=/i/%u").expand("sue")).inbox ==
          "/var/mail/sue");
    CHECK(value_of(parsed("mbox:~/mail").expand("sue@d")).inbox == "/home/d/sue/mail/inbox");
    CHECK(value_of(parsed("maildir:~/mail").expand("sue@d")).inbox.empty());
}

TEST_CASE("A variable that is not understood is named") {
    CHECK_THAT(refusal("maildir:/v/%s/%u"), Catch::Contains("the variable %s is not"));
    CHECK_THAT(refusal("maildir:/v/%Hu"), Catch::Contains("the variable %H is not"));
    CHECK_THAT(refusal("maildir:/v/%02n"), Catch::Contains("%02"));
    CHECK_THAT(refusal("maildir:/v/%99999999n"), Catch::Contains("%99999999"));
    CHECK_THAT(refusal("maildir:/v/%"), Catch::Contains("the variable % is not"));
    CHECK_THAT(refusal("maildir:/v/%{user | sha1}"), Catch::Contains("%{user | sha1}"));
    CHECK_THAT(refusal("maildir:/v/%{auth_user}"), Catch::Contains("%{auth_user}"));
    CHECK_THAT(refusal("maildir:~/m", "/home/%i"), Catch::Contains("%i"));
}

TEST_CASE("What cannot be counted is no mail location") {
    CHECK_THAT(refusal("/var/mail/%u"), Catch::Contains("begins with maildir:"));
    CHECK_THAT(refusal("maildir:"), Catch::Contains("begins with maildir:"));
    CHECK_THAT(refusal("imapc:~/x"), Catch::Contains("begins with maildir:"));
    CHECK_THAT(refusal("maildir:mail/%u"), Catch::Contains("absolute"));
    CHECK_THAT(refusal("maildir:/v/../%u"), Catch::Contains("absolute"));
    CHECK_THAT(refusal("maildir:~/m", "home/%u"), Catch::Contains("absolute"));
    CHECK_THAT(refusal("maildir:~/m", ""), Catch::Contains("needs the home"));
    CHECK_THAT(refusal("maildir:~/m", "/x/%h"), Catch::Contains("its own template"));
    CHECK_THAT(refusal("sdbox:~/m:DIRNAME=mail"), Catch::Contains("DIRNAME="));
    CHECK_THAT(refusal("maildir:~/m:LAYOUT=fs", "/home/%u", true), Catch::Contains("LAYOUT=fs"));
    CHECK(LocationTemplate::parse("maildir:~/m:LAYOUT=fs", "/home/%u", false).has_value());
}

TEST_CASE("No user's name leads out of the mail location") {
    const auto location = parsed("maildir:/v/%d/%n/Maildir", "");
    const auto home = parsed("maildir:~/Maildir");
    for (const std::string& user :
         {std::string(".."), std::string("."), std::string("..@.."), std::string("sue@.."),
          std::string("../../etc"), std::string("/etc/passwd"), std::string("sue@a/../../b"), std::string(""),
          std::string("@example.org"), std::string("sue\0/x", 6), std::string("sue@ex/ample.org")}) {
        INFO(user);
        CHECK_FALSE(location.expand(user).has_value());
        CHECK_FALSE(home.expand(user).has_value());
    }
    CHECK_FALSE(parsed("maildir:/v/.%n").expand(".@x").has_value());
    CHECK_FALSE(parsed("maildir:/v/%1n/x").expand(".sue").has_value());
    CHECK_FALSE(parsed("mbox:/v/%1n:INBOX=/mail/%n").expand("..").has_value());
}

TEST_CASE("Odd names that lead nowhere else are taken as they are") {
    CHECK(root_of("maildir:/v/%u", "a:b %n ~\n") == "/v/a:b %n ~\n");
    CHECK(root_of("maildir:/v/%u", "...") == "/v/...");
    CHECK(root_of("maildir:/v/%n/%d", "a@b@c") == "/v/a/b@c");
}

} // namespace dovewatch::test
