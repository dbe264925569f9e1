// The processes that run now, by libproc2.
#pragma once

#include "store/model.h"
#include "store/result.h"

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace dovewatch {

struct ProcessEntry {
    ProcessKey key;
    std::int32_t parent_pid = 0;
    uid_t effective_uid = 0;
    std::string name; // comm: at most 15 bytes
};

// All processes that this user may see. Not to be called from several threads at once.
[[nodiscard]] Result<std::vector<ProcessEntry>> list_processes();

} // namespace dovewatch
