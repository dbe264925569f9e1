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
    std::vector<ProcessKey> all;          // whatever they are
};

std::optional<ProcessRole> role_of_program(std::string_view name);

// Picks from `entries`; looks at executables below `proc`. A process whose master is gone is not found:
// nothing tells it from a stranger's. dovecot-lda is never found: it has no master; see may_deliver.
// `names_suffice`: also trust where the executable may not be read.
DovecotProcesses find_dovecot_processes(const std::filesystem::path& proc,
                                        const std::vector<ProcessEntry>& entries, uid_t master_uid,
                                        bool names_suffice = false);

// Whether the process runs the program that its name says, and the file is the administrator's.
bool runs_trusted(const std::filesystem::path& proc, const ProcessEntry& entry, uid_t master_uid,
                  bool names_suffice);

constexpr std::string_view lda_name = "dovecot-lda"; // its comm too

// Whether a process called dovecot-lda is the administrator's, run by root or one of `lda_uids`. It may be
// set-uid root.
bool may_deliver(const std::filesystem::path& proc, std::int32_t pid, uid_t master_uid,
                 const std::vector<uid_t>& lda_uids, bool names_suffice);

// One process; no value where it is gone. Without its effective uid, which the parent's trust does not need.
std::optional<ProcessEntry> read_process(const std::filesystem::path& proc, std::int32_t pid);

} // namespace dovewatch
