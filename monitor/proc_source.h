// Process events from polling /proc, for hosts where no kernel probe can be loaded.
//
// It needs to be allowed to read /proc/PID/stat and cmdline alone. Where it may also read /proc/PID/exe, it
// trusts a process as the probes do; without, a process's name and its parent's are all there is to go by,
// and a local user can forge them.
#pragma once

#include "monitor/process_table.h"
#include "monitor/source.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include <sys/types.h>

namespace dovewatch {

struct ProcOptions {
    uid_t master_uid = 0;
    std::filesystem::path proc = "/proc";
    std::function<Result<std::vector<ProcessEntry>>()> list = list_processes;
    std::vector<uid_t> lda_uids = {}; // whose dovecot-lda counts, beside root's
};

// Where the kernel's process connector may be used (CAP_NET_ADMIN), a new process of Dovecot is followed from
// its exec in steps of a millisecond, and dovecot-lda is seen to deliver; otherwise a new process is found by
// the next poll, and dovecot-lda, which shows no title, not at all.
[[nodiscard]] Result<std::unique_ptr<Source>> start_proc_source(const ProcOptions& options);

} // namespace dovewatch
