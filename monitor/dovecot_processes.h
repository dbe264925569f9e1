// Which of the running processes are Dovecot's, by the same trust as the kernel probes.
#pragma once

#include "monitor/process_event.h"
#include "monitor/process_table.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace dovewatch {

struct DovecotProcess {
    ProcessKey key;
    std::int32_t parent_pid = 0;
    ProcessRole role = ProcessRole::imap;
};

struct DovecotProcesses {
    std::vector<ProcessKey> masters;
    std::vector<DovecotProcess> children; // of those masters, with a role
};

std::optional<ProcessRole> role_of_program(std::string_view name);

// Picks from `entries`; looks at executables below `proc`. A process whose master is gone is not found:
// nothing tells it from a stranger's. dovecot-lda is never found: it has no master.
DovecotProcesses find_dovecot_processes(const std::filesystem::path& proc,
                                        const std::vector<ProcessEntry>& entries, uid_t master_uid);

} // namespace dovewatch
