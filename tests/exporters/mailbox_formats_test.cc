#include "tests/exporters/mail_sample.h"

#include <catch2/catch.hpp>
#include <sys/stat.h>

namespace dovewatch::test {
namespace {

using table::MailFormat;

void check_mbox(const std::string& text, std::int64_t messages) {
    const TemporaryFolder folder;
    put_file(folder / "inbox", text);
    check_size(count(location_of(MailFormat::mbox, folder / "inbox")), messages,
               static_cast<std::int64_t>(text.size()));
}

} // namespace

TEST_CASE("Messages of an mbox begin with From after an empty line") {
    check_mbox("", 0);
    check_mbox("From a\nSubject: x\n\nbody\n", 1);
    check_mbox("From a\n\nbody\n\nFrom b\n\nbody\n", 2);
    check_mbox("From a\r\n\r\nbody\r\n\r\nFrom b\r\n\r\nbody\r\n", 2);
    check_mbox("From a\n\nbody\nFrom here on\n\n>From b\n\nFromage\n\n From c\n", 1);
    check_mbox("From a\n\n\nFrom b", 2);
    check_mbox("From a\n\nFrom", 1);
    check_mbox("\n\nno From here\n", 0);
}

TEST_CASE("A message is found wherever the blocks of an mbox end") {
    const std::string tail = "\n\nFrom b\n\nbody\n";
    for (std::size_t before = 0; before <= tail.size(); ++before) {
        std::string text = "From a\n\n";
        text.resize(std::size_t{64} * 1024 - before, 'x');
        INFO(before);
        check_mbox(text + tail, 2);
    }
}

TEST_CASE("What is no mbox file is unknown") {
    const TemporaryFolder folder;
    const auto counted = [&](std::string_view name) {
        return count(location_of(MailFormat::mbox, folder / name));
    };
    put_file(folder / "file", "From a\n");
    fs::create_symlink(folder / "file", folder / "link");
    fs::create_directory(folder / "folder");
    REQUIRE(mkfifo((folder / "fifo").c_str(), 0644) == 0);
    check_unknown(counted("missing"), "no such folder or file");
    check_unknown(counted("link"), "symbolic link");
    check_unknown(counted("folder"), "not a regular file");
    check_unknown(counted("fifo"), "not a regular file");
}

TEST_CASE("An mbox is read in steps that may be stopped") {
    const TemporaryFolder folder;
    put_file(folder / "inbox", std::string(1'000'000, 'x'));
    int steps = 0;
    check_unknown(count(location_of(MailFormat::mbox, folder / "inbox"), [&] { return ++steps < 5; }),
                  "time limit");
}

TEST_CASE("Messages of an sdbox are its numbered files") {
    const TemporaryFolder folder;
    const fs::path mailboxes = folder / "sdbox/mailboxes";
    put_file(mailboxes / "INBOX/dbox-Mails/u.1", "1");
    put_file(mailboxes / "INBOX/dbox-Mails/u.22", "12");
    put_file(mailboxes / "INBOX/dbox-Mails/u.", "123");
    put_file(mailboxes / "INBOX/dbox-Mails/u.3x", "123");
    put_file(mailboxes / "INBOX/dbox-Mails/dovecot.index", "123");
    fs::create_symlink(mailboxes / "INBOX/dbox-Mails/u.1", mailboxes / "INBOX/dbox-Mails/u.4");
    put_file(mailboxes / "Lists/dovecot/dbox-Mails/u.1", "12345");
    fs::create_directory_symlink(mailboxes / "Lists", mailboxes / "Again");
    check_size(count(location_of(MailFormat::sdbox, folder / "sdbox")), 2, 3);
    check_size(count(location_of(MailFormat::sdbox, folder / "sdbox", true)), 3, 8);
    check_unknown(count(location_of(MailFormat::sdbox, folder / "none")), "none: no such folder");
}

TEST_CASE("Mailboxes within mailboxes have an end") {
    const TemporaryFolder folder;
    fs::path deep = folder / "mailboxes";
    for (int i = 0; i < 100; ++i) {
        deep /= "d";
    }
    fs::create_directories(deep);
    check_unknown(count(location_of(MailFormat::sdbox, folder.path(), true)), "without end");
}

TEST_CASE("Of an mdbox the bytes are known alone") {
    const TemporaryFolder folder;
    put_file(folder / "storage/m.1", "1234");
    put_file(folder / "storage/m.2", "12345");
    put_file(folder / "storage/dovecot.map.index", "123");
    const auto size = count(location_of(MailFormat::mdbox, folder.path()));
    CHECK_FALSE(size.files.has_value());
    CHECK(size.bytes == 9);
    CHECK_THAT(size.cause, Catch::Contains("index"));
}

} // namespace dovewatch::test
