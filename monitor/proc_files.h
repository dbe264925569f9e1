// What /proc says of one process. `proc` is the folder, /proc itself outside of tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace dovewatch {

// The file that a process runs, as it was when it was opened: also where it has been deleted since.
struct Executable {
    std::string name; // without its folder
    uid_t owner = 0;
    mode_t mode = 0;
};

// No value where the process is gone or may not be looked at.
std::optional<Executable> read_executable(const std::filesystem::path& proc, std::int32_t pid);

// Only the administrator can have made this file. See also is_root_owned in bpf/dovewatch.bpf.c.
bool is_root_owned(const Executable& executable, uid_t master_uid);
bool is_set_id(const Executable& executable);

// Who runs a process, also where its program is set-uid; no value where the process is gone.
std::optional<uid_t> read_real_uid(const std::filesystem::path& proc, std::int32_t pid);

// Whether this process may look at the executables of processes that are not its own (CAP_SYS_PTRACE).
bool may_look_at_others(const std::filesystem::path& proc);

// Whether the pids here are those of the host, which kernel probes and the process connector speak of.
bool is_in_initial_pid_namespace(const std::filesystem::path& proc);

// The text after "dovecot/NAME " in argv[0]; "" where there is none. It may be torn: the process writes it
// while it is read.
std::string_view title_in_cmdline(std::string_view cmdline);

// The title, where two reads agree. No value where the process is gone or its title changes all the time.
std::optional<std::string> read_title(const std::filesystem::path& proc, std::int32_t pid);

// Of /proc/PID/stat (proc(5)).
struct ProcessStat {
    std::string name; // comm
    std::int32_t parent_pid = 0;
    std::int64_t start_ticks = 0; // since boot, in 1/100 s
};
std::optional<ProcessStat> read_stat(const std::filesystem::path& proc, std::int32_t pid);

// A file that a process has mapped.
struct MappedFile {
    std::string range; // as in the name of its link in map_files
    std::string path;  // as the process sees it
};

// The first mapping of a file whose name begins with `name` in the text of /proc/PID/maps.
std::optional<MappedFile> find_mapping(std::string_view maps, std::string_view name);

// All bytes of a small file; no value where it cannot be read.
std::optional<std::string> read_file(const std::filesystem::path& file);

} // namespace dovewatch
