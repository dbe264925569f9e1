// From the bytes of a ring buffer record to a process event.
#pragma once

#include "bpf/probe_event.h"
#include "monitor/process_event.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

namespace dovewatch {

// A Dovecot master began; it may bring a library without a probe.
struct MasterStarted {
    std::int32_t pid = 0;
};

using ProbeRecord = std::variant<ProcessEvent, MasterStarted>;

// No value where the bytes are no record of this layout: too short, sizes that disagree, unknown numbers.
std::optional<ProbeRecord> decode_probe_record(std::span<const std::byte> record);

std::optional<ProcessRole> process_role(std::uint8_t probe_role);
std::uint8_t probe_role(ProcessRole role);

// The kernel's clock of process start times, as /proc/PID/stat shows it.
std::int64_t start_ticks(std::uint64_t start_ns);

} // namespace dovewatch
