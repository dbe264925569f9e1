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

} // namespace
} // namespace dovewatch
