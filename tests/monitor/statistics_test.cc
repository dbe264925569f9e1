#include "monitor/statistics.h"

#include <catch2/catch.hpp>

using namespace dovewatch;

namespace {

constexpr std::optional<std::int64_t> none;

Statistics pop3(std::string text, bool structured = false) {
    return parse_statistics(Service::pop3, {"Logged out", std::move(text), structured});
}

Statistics imap(std::string text) {
    return parse_statistics(Service::imap, {"Logged out", std::move(text), true});
}

} // namespace

TEST_CASE("pop3 statistics to 2.3: del is deleted/messages") {
    CHECK(pop3("top=1/218, retr=5/2945, del=1/5, size=2865") == Statistics{1, 5, 1, 4, 3163});
    CHECK(pop3("top=0/0, retr=0/0, del=0/0, size=0") == Statistics{0, 0, 0, 0, 0});
}

TEST_CASE("pop3 statistics of 2.4: del is deleted/bytes") {
    CHECK(pop3("top=1/218, retr=5/2945, del=1/573, size=2865", true) == Statistics{1, 5, 1, none, 3163});
}

TEST_CASE("imap statistics") {
    CHECK(imap("in=65 out=3224 deleted=3 expunged=2 trashed=0 hdr_count=4 hdr_bytes=900 body_count=5 "
               "body_bytes=1800") == Statistics{4, 5, 2, none, 3224});
    CHECK(imap("in=38 out=836") == Statistics{none, none, none, none, 836});
}

TEST_CASE("what a format of the site's own does not say has no value") {
    CHECK(pop3("retr=5, size=2865") == Statistics{none, 5, none, none, none});
    CHECK(pop3("bytes=1000/20") == Statistics{});
    CHECK(pop3("") == Statistics{});
    CHECK(pop3("del=9/5") == Statistics{none, none, 9, none, none});
    CHECK(pop3("top=-1/x, retr=99999999999999999999/1") == Statistics{});
    CHECK(pop3("top=0/9223372036854775807, retr=0/1").bytes == none);
    CHECK(parse_statistics(Service::managesieve, {"", "in=1 out=2"}) == Statistics{});
}
