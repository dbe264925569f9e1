#include "exporters/terminal/doctor_check.h"

#include <sstream>
#include <utility>

namespace dovewatch::terminal {
namespace {

std::optional<std::uint64_t> capabilities_of(const std::filesystem::path& process) {
    std::istringstream lines(contents(process / "status").value_or(""));
    for (std::string word; lines >> word;) {
        std::uint64_t bits = 0;
        if (word == "CapEff:" && lines >> std::hex >> bits) {
            return bits;
        }
    }
    return std::nullopt;
}

Watcher this_program(const Host& host) {
    const auto folder = host.proc / "self";
    return {false, folder, capabilities_of(folder).value_or(0)};
}

Watcher watcher_of(const Host& host, const Result<StoreStatus>& status) {
    if (status && status->daemon_pid.value_or(0) > 0) {
        const auto folder = host.proc / std::to_string(*status->daemon_pid);
        if (const auto capabilities = capabilities_of(folder)) {
            return {true, folder, *capabilities};
        }
    }
    return this_program(host);
}

} // namespace

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
    case Verdict::ok:
        return "ok";
    case Verdict::warning:
        return "warning";
    case Verdict::problem:
        break;
    }
    return "problem";
}

Finding ok(std::string found) {
    return {Verdict::ok, std::move(found), {}};
}

Finding warning(std::string found, std::string mend) {
    return {Verdict::warning, std::move(found), std::move(mend)};
}

Finding problem(std::string found, std::string mend) {
    return {Verdict::problem, std::move(found), std::move(mend)};
}

Patient patient_of(const Host& host, const Reader& reader, const std::filesystem::path& database, UtcTime now,
                   uid_t master_uid) {
    auto status = reader.status();
    auto watcher = watcher_of(host, status);
    const bool sees_all = this_program(host).has(Watcher::cap_sys_ptrace);
    return {host, database, now, std::move(status), std::move(watcher), sees_all, master_uid};
}

std::string source_of(const Patient& patient) {
    return patient.status && patient.status->daemon ? patient.status->daemon->source : std::string();
}

bool misses_short_titles(std::string_view source) {
    return source == "proc" || source == "switch" || source == "uprobe and switch";
}

} // namespace dovewatch::terminal
