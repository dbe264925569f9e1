#include "bpf/probe_event.h"
#include "monitor/lda_arguments.h"

#include <initializer_list>
#include <string>

#include <catch2/catch.hpp>

namespace dovewatch {
namespace {

std::string user_of(std::initializer_list<const char*> arguments) {
    std::string text;
    for (const char* argument : arguments) {
        text.append(argument) += '\0';
    }
    return std::string(lda_user(text).value_or("none"));
}

TEST_CASE("the user of dovecot-lda is found as getopt finds it") {
    CHECK(user_of({"dovecot-lda", "-d", "u@x"}) == "u@x");
    CHECK(user_of({"dovecot-lda", "-du@x"}) == "u@x");
    CHECK(user_of({"dovecot-lda", "-c", "f", "-f", "root@x", "-d", "u", "-m", "INBOX"}) == "u");
    CHECK(user_of({"dovecot-lda", "-ekd", "u"}) == "u");
    CHECK(user_of({"dovecot-lda", "-d", "a", "-d", "b"}) == "b");
    CHECK(user_of({"dovecot-lda", "-d", "two words"}) == "two words");
    CHECK(user_of({"dovecot-lda", "word", "-d", "u"}) == "u");
}

TEST_CASE("what only looks like a user of dovecot-lda") {
    CHECK(user_of({"dovecot-lda"}) == "none");
    CHECK(user_of({"dovecot-lda", "-f", "-d"}) == "none");
    CHECK(user_of({"dovecot-lda", "-f", "-d", "u"}) == "none");
    CHECK(user_of({"dovecot-lda", "-fd", "-m", "-du"}) == "none");
    CHECK(user_of({"dovecot-lda", "--", "-d", "u"}) == "none");
    CHECK(user_of({"dovecot-lda", "-d"}) == "none");
    CHECK(user_of({"dovecot-lda", "-d", ""}) == "none");
    CHECK(user_of({"-d", "u"}) == "none");
    CHECK(user_of({}) == "none");
}

// As the probe cuts it.
std::string user_behind(std::size_t sender_size, const char* user) {
    std::string text("dovecot-lda\0-f\0", 15);
    text.append(sender_size, 's').append("\0-d\0", 4).append(user) += '\0';
    return std::string(lda_user(std::string_view(text).substr(0, DW_TEXT_MAX)).value_or("none"));
}

TEST_CASE("half a word of a command line that was cut is no user") {
    const std::string user = "bob@example.org";
    const std::size_t longest = DW_TEXT_MAX - 15 - 4 - user.size() - 1;
    CHECK(user_behind(longest, user.c_str()) == user);
    for (std::size_t size = longest + 1; size <= longest + user.size() + 5; size++) {
        CHECK(user_behind(size, user.c_str()) == "none");
    }
}

} // namespace
} // namespace dovewatch
