#include "monitor/probe_decoder.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

namespace dovewatch {

static_assert(sizeof(dw_probe_event) == 40);
static_assert(offsetof(dw_probe_event, padding) == DW_EVENT_SIZE_MIN);
static_assert(sizeof(dw_process) == 12 + DW_TITLE_COMPARED + 1);
static_assert(sizeof(dw_setup) == 96);

namespace {

constexpr std::array<std::pair<std::uint8_t, ProcessRole>, 7> roles{{
    {DW_ROLE_IMAP, ProcessRole::imap},
    {DW_ROLE_POP3, ProcessRole::pop3},
    {DW_ROLE_LMTP, ProcessRole::lmtp},
    {DW_ROLE_SUBMISSION, ProcessRole::submission},
    {DW_ROLE_MANAGESIEVE, ProcessRole::managesieve},
    {DW_ROLE_LDA, ProcessRole::lda},
    {DW_ROLE_HIBERNATE, ProcessRole::imap_hibernate},
}};

constexpr std::uint64_t nanoseconds_per_tick = 10'000'000; // USER_HZ is 100 on every architecture in use

bool decode_kind(const dw_probe_event& raw, std::string text, ProcessEvent& event) {
    switch (raw.kind) {
    case DW_EVENT_EXEC:
        event.what = ExecEvent{false, std::move(text)};
        return true;
    case DW_EVENT_TITLE:
        event.what = TitleEvent{std::move(text)};
        return true;
    case DW_EVENT_LOGOUT: {
        const auto end = std::min(text.find('\0'), text.size());
        event.what = LogoutEvent{text.substr(0, end), text.substr(std::min(end + 1, text.size())),
                                 (raw.flags & DW_FLAG_E_INFO) != 0};
        return true;
    }
    case DW_EVENT_EXIT:
        event.what = ExitEvent{raw.exit_status};
        return true;
    default:
        return false;
    }
}

} // namespace

std::optional<ProcessRole> process_role(std::uint8_t probe_role) {
    for (const auto& [number, role] : roles) {
        if (number == probe_role) {
            return role;
        }
    }
    return std::nullopt;
}

std::uint8_t probe_role(ProcessRole role) {
    for (const auto& [number, known] : roles) {
        if (known == role) {
            return number;
        }
    }
    return DW_ROLE_NONE;
}

std::int64_t start_ticks(std::uint64_t start_ns) {
    return static_cast<std::int64_t>(start_ns / nanoseconds_per_tick);
}

std::optional<ProbeRecord> decode_probe_record(std::span<const std::byte> record) {
    if (record.size() < DW_EVENT_SIZE_MIN) {
        return std::nullopt;
    }
    // The fixed part of another layout is shorter or longer, and begins the same.
    const auto size = std::to_integer<std::size_t>(record[offsetof(dw_probe_event, size)]);
    if (size < DW_EVENT_SIZE_MIN || size > record.size()) {
        return std::nullopt;
    }
    dw_probe_event raw{};
    std::memcpy(&raw, record.data(), std::min(size, sizeof(raw)));
    if (raw.text_size > DW_TEXT_MAX || record.size() - size < raw.text_size) {
        return std::nullopt;
    }
    const auto pid = static_cast<std::int32_t>(raw.pid);
    if (raw.role == DW_ROLE_MASTER) {
        return MasterStarted{pid};
    }
    const auto role = process_role(raw.role);
    if (!role) {
        return std::nullopt;
    }

    std::string text(raw.text_size, '\0');
    std::memcpy(text.data(), record.data() + size, raw.text_size);
    ProcessEvent event;
    event.process = {pid, start_ticks(raw.start_ns)};
    event.parent_pid = static_cast<std::int32_t>(raw.parent_pid);
    event.role = *role;
    event.staged = (raw.flags & DW_FLAG_STAGED) != 0;
    event.at = BootTime(raw.boot_ns);
    if (!decode_kind(raw, std::move(text), event)) {
        return std::nullopt;
    }
    return event;
}

} // namespace dovewatch
