// What a check of `dovewatch doctor` is.
#pragma once

#include "exporters/terminal/doctor_host.h"
#include "store/model.h"
#include "store/reader.h"
#include "store/result.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace dovewatch::terminal {

enum class Verdict : std::uint8_t {
    ok,
    warning, // Dovewatch works, but shows less than it could, or soon will
    problem, // it misses sessions or does not work
};

std::string_view to_string(Verdict verdict);

struct Finding {
    Verdict verdict = Verdict::ok;
    std::string found; // what is the case and, unless it is ok, what follows from it
    std::string mend;  // what to do; empty if ok
};

Finding ok(std::string found);
Finding warning(std::string found, std::string mend);
Finding problem(std::string found, std::string mend);

// The process whose powers decide: the running daemon, or else this program.
struct Watcher {
    static constexpr int cap_net_admin = 12;
    static constexpr int cap_sys_ptrace = 19;
    static constexpr int cap_sys_admin = 21;
    static constexpr int cap_perfmon = 38;
    static constexpr int cap_bpf = 39;

    bool is_daemon = false;
    std::filesystem::path folder; // in procfs
    std::uint64_t capabilities = 0;

    bool has(int capability) const { return (capabilities >> capability & 1U) != 0; }
};

// What the checks look at. All references outlive it.
struct Patient {
    const Host& host;
    const std::filesystem::path& database;
    UtcTime now;
    Result<StoreStatus> status; // the error of a database that cannot be read
    Watcher watcher;
    bool sees_all;    // this program may look into other users' processes
    uid_t master_uid; // of the Dovecot masters that the daemon trusts
};

Patient patient_of(const Host& host, const Reader& reader, const std::filesystem::path& database, UtcTime now,
                   uid_t master_uid = 0);

// As in DaemonStatus::source; empty where it is not known.
std::string source_of(const Patient& patient);

// Whether a source cannot see a title that stands for a short time, be it of some masters alone.
bool misses_short_titles(std::string_view source);

struct Check {
    std::string_view name;
    // No value: it does not apply, or another check tells.
    std::optional<Finding> (*examine)(const Patient& patient);
};

// In the order in which mends are best done.
std::span<const Check> kernel_checks();
std::span<const Check> process_checks();
std::span<const Check> dovecot_checks();
std::span<const Check> setting_checks();
std::span<const Check> store_checks();

} // namespace dovewatch::terminal
