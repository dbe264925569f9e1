#include "monitor/dovecot_processes.h"

#include "monitor/proc_files.h"

#include <algorithm>
#include <array>
#include <utility>

namespace dovewatch {

namespace {

constexpr std::string_view master_name = "dovecot";

constexpr std::array<std::pair<std::string_view, ProcessRole>, 6> programs{{
    {"imap", ProcessRole::imap},
    {"pop3", ProcessRole::pop3},
    {"lmtp", ProcessRole::lmtp},
    {"submission", ProcessRole::submission},
    {"managesieve", ProcessRole::managesieve},
    {"imap-hibernate", ProcessRole::imap_hibernate},
}};

bool is_master(const std::filesystem::path& proc, const ProcessEntry& entry, uid_t master_uid,
               bool names_suffice) {
    return entry.name == master_name && entry.effective_uid == master_uid &&
           runs_trusted(proc, entry, master_uid, names_suffice);
}

bool is_child_of(const ProcessEntry& entry, const std::vector<ProcessKey>& masters) {
    return std::any_of(masters.begin(), masters.end(),
                       [&](const ProcessKey& master) { return master.pid == entry.parent_pid; });
}

} // namespace

std::optional<ProcessRole> role_of_program(std::string_view name) {
    for (const auto& [program, role] : programs) {
        if (program == name) {
            return role;
        }
    }
    return std::nullopt;
}

bool runs_trusted(const std::filesystem::path& proc, const ProcessEntry& entry, uid_t master_uid,
                  bool names_suffice) {
    const auto executable = read_executable(proc, entry.key.pid);
    if (!executable) {
        return names_suffice;
    }
    return executable->name == entry.name && is_root_owned(*executable, master_uid) &&
           !is_set_id(*executable);
}

bool may_deliver(const std::filesystem::path& proc, std::int32_t pid, uid_t master_uid,
                 const std::vector<uid_t>& lda_uids, bool names_suffice) {
    const auto executable = read_executable(proc, pid);
    const bool is_lda =
        executable ? executable->name == lda_name && is_root_owned(*executable, master_uid) : names_suffice;
    const auto uid = is_lda ? read_real_uid(proc, pid) : std::nullopt;
    return uid && (*uid == 0 || std::find(lda_uids.begin(), lda_uids.end(), *uid) != lda_uids.end());
}

std::optional<ProcessEntry> read_process(const std::filesystem::path& proc, std::int32_t pid) {
    const auto stat = read_stat(proc, pid);
    if (!stat) {
        return std::nullopt;
    }
    return ProcessEntry{{pid, stat->start_ticks}, stat->parent_pid, 0, stat->name};
}

DovecotProcesses find_dovecot_processes(const std::filesystem::path& proc,
                                        const std::vector<ProcessEntry>& entries, uid_t master_uid,
                                        bool names_suffice) {
    DovecotProcesses found;
    found.all.reserve(entries.size());
    for (const auto& entry : entries) {
        found.all.push_back(entry.key);
        if (is_master(proc, entry, master_uid, names_suffice)) {
            found.masters.push_back(entry.key);
        }
    }
    for (const auto& entry : entries) {
        const auto role = role_of_program(entry.name);
        if (role && is_child_of(entry, found.masters) &&
            runs_trusted(proc, entry, master_uid, names_suffice)) {
            found.children.push_back({entry.key, entry.parent_pid, *role});
        }
    }
    return found;
}

} // namespace dovewatch
