#include "monitor/probe_decoder.h"

#include <cstring>
#include <vector>

#include <catch2/catch.hpp>

using namespace dovewatch;

namespace {

dw_probe_event title_event() {
    dw_probe_event event{};
    event.boot_ns = 5'000'000'123;
    event.start_ns = 4'990'000'001;
    event.pid = 4711;
    event.parent_pid = 42;
    event.kind = DW_EVENT_TITLE;
    event.role = DW_ROLE_POP3;
    event.size = sizeof(event);
    return event;
}

std::vector<std::byte> record(dw_probe_event event, std::string_view text) {
    event.text_size = static_cast<__u16>(text.size());
    std::vector<std::byte> bytes(sizeof(event) + text.size());
    std::memcpy(bytes.data(), &event, sizeof(event));
    std::memcpy(bytes.data() + sizeof(event), text.data(), text.size());
    return bytes;
}

} // namespace

TEST_CASE("a title record becomes a title event") {
    const auto decoded = decode_probe_record(record(title_event(), "[sue 192.0.2.7]"));
    REQUIRE(decoded);
    const auto& event = std::get<ProcessEvent>(*decoded);
    CHECK(event.process == ProcessKey{4711, 499});
    CHECK(event.parent_pid == 42);
    CHECK(event.role == ProcessRole::pop3);
    CHECK(event.at == BootTime(5'000'000'123));
    CHECK(std::get<TitleEvent>(event.what).text == "[sue 192.0.2.7]");
}

TEST_CASE("a reserved record that is longer than its text is good") {
    auto bytes = record(title_event(), "[sue]");
    bytes.resize(sizeof(dw_probe_event) + DW_TEXT_MAX + 1);
    const auto decoded = decode_probe_record(bytes);
    REQUIRE(decoded);
    CHECK(std::get<TitleEvent>(std::get<ProcessEvent>(*decoded).what).text == "[sue]");
}

TEST_CASE("exec of lda carries its arguments, exit its status") {
    auto event = title_event();
    event.role = DW_ROLE_LDA;
    event.kind = DW_EVENT_EXEC;
    const std::string_view argv("dovecot-lda\0-d\0sue\0", 19);
    const auto exec = decode_probe_record(record(event, argv));
    REQUIRE(exec);
    CHECK(std::get<ExecEvent>(std::get<ProcessEvent>(*exec).what).arguments == argv);

    event.kind = DW_EVENT_EXIT;
    event.exit_status = 75 << 8;
    const auto exit = decode_probe_record(record(event, ""));
    REQUIRE(exit);
    CHECK(std::get<ExitEvent>(std::get<ProcessEvent>(*exit).what).status == 75 << 8);
}

TEST_CASE("a logout line has a reason and statistics") {
    auto event = title_event();
    event.kind = DW_EVENT_LOGOUT;
    const auto line = [&](std::string_view text) {
        return std::get<LogoutEvent>(
            std::get<ProcessEvent>(decode_probe_record(record(event, text)).value()).what);
    };
    CHECK(line(std::string_view("Logged out\0top=0/0", 18)).reason == "Logged out");
    CHECK(line(std::string_view("Logged out\0top=0/0", 18)).statistics == "top=0/0");
    CHECK(line(std::string_view("\0", 1)).statistics.empty());
    CHECK(line("cut").reason == "cut");
}

TEST_CASE("a master's exec is told apart") {
    auto event = title_event();
    event.role = DW_ROLE_MASTER;
    event.kind = DW_EVENT_EXEC;
    const auto decoded = decode_probe_record(record(event, ""));
    REQUIRE(decoded);
    CHECK(std::get<MasterStarted>(*decoded).pid == 4711);
}

TEST_CASE("bytes that are no record are refused") {
    const auto good = record(title_event(), "[sue]");
    for (std::size_t size = 0; size < good.size(); size++) {
        CHECK_FALSE(decode_probe_record(std::span(good).first(size)));
    }

    auto event = title_event();
    event.kind = 99;
    CHECK_FALSE(decode_probe_record(record(event, "[sue]")));
    event = title_event();
    event.role = 99;
    CHECK_FALSE(decode_probe_record(record(event, "[sue]")));
    CHECK_FALSE(decode_probe_record(record(title_event(), std::string(DW_TEXT_MAX + 1, 'x'))));
}

TEST_CASE("a record of a later layout is read as far as it is known") {
    auto event = title_event();
    event.size = sizeof(event) + 8;
    event.flags = DW_FLAG_STAGED;
    auto bytes = record(event, "[sue]");
    bytes.insert(bytes.begin() + sizeof(event), 8, std::byte{0x55});
    const auto decoded = decode_probe_record(bytes);
    REQUIRE(decoded);
    CHECK(std::get<TitleEvent>(std::get<ProcessEvent>(*decoded).what).text == "[sue]");
    CHECK(std::get<ProcessEvent>(*decoded).staged);
}

TEST_CASE("a record of an earlier layout is read") {
    auto event = title_event();
    event.size = DW_EVENT_SIZE_MIN;
    event.flags = DW_FLAG_STAGED;
    auto bytes = record(event, "[sue]");
    bytes.erase(bytes.begin() + DW_EVENT_SIZE_MIN, bytes.begin() + sizeof(event));
    const auto decoded = decode_probe_record(bytes);
    REQUIRE(decoded);
    CHECK(std::get<TitleEvent>(std::get<ProcessEvent>(*decoded).what).text == "[sue]");
    CHECK(std::get<ProcessEvent>(*decoded).staged);

    event.size = DW_EVENT_SIZE_MIN - 1;
    CHECK_FALSE(decode_probe_record(record(event, "[sue]")));
}

TEST_CASE("roles survive the way to the kernel and back") {
    for (const auto role : {ProcessRole::imap, ProcessRole::pop3, ProcessRole::lmtp, ProcessRole::submission,
                            ProcessRole::managesieve, ProcessRole::lda, ProcessRole::imap_hibernate}) {
        CHECK(process_role(probe_role(role)) == role);
    }
    CHECK_FALSE(process_role(DW_ROLE_NONE));
}
