// Whether the daemon, and this program, may look at what they must see.
#include "exporters/terminal/doctor_check.h"

#include <array>
#include <system_error>

#include <fmt/format.h>

namespace dovewatch::terminal {
namespace {

constexpr std::string_view initial_namespace = "pid:[4026531836]"; // PROC_PID_INIT_INO of the kernel

std::string name_of(const Watcher& watcher) {
    return watcher.is_daemon ? "dovewatchd" : "this user";
}

std::optional<Finding> check_view(const Patient& patient) {
    if (!patient.sees_all) {
        return warning("not run as root, so not all could be checked", "sudo dovewatch doctor");
    }
    return std::nullopt;
}

// What the watcher lacks; CAP_SYS_ADMIN holds the two that were split off it.
std::string missing_for_probes(const Watcher& watcher) {
    if (watcher.has(Watcher::cap_sys_admin)) {
        return {};
    }
    const bool may_load = watcher.has(Watcher::cap_bpf);
    const bool may_attach = watcher.has(Watcher::cap_perfmon);
    if (!may_load && !may_attach) {
        return "CAP_BPF and CAP_PERFMON";
    }
    return !may_load ? "CAP_BPF" : !may_attach ? "CAP_PERFMON" : "";
}

std::optional<Finding> check_capabilities(const Patient& patient) {
    const Watcher& watcher = patient.watcher;
    if (!watcher.is_daemon && watcher.capabilities == 0) {
        return std::nullopt; // says nothing of the daemon that is to come
    }
    const std::string name = name_of(watcher);
    if (const std::string missing = missing_for_probes(watcher); !missing.empty()) {
        return problem(fmt::format("{} lacks {}, so the probes cannot be loaded", name, missing),
                       fmt::format("give dovewatchd {}, or run it as root", missing));
    }
    if (!watcher.has(Watcher::cap_sys_ptrace)) {
        return problem(name + " lacks CAP_SYS_PTRACE, so it cannot tell Dovecot's processes from forged ones",
                       "give dovewatchd CAP_SYS_PTRACE, or run it as root");
    }
    if (!watcher.has(Watcher::cap_net_admin)) {
        return warning(name + " lacks CAP_NET_ADMIN, without which the source proc hears of no new process",
                       "give dovewatchd CAP_NET_ADMIN if it must do without probes");
    }
    return ok(name + " has all it needs");
}

std::optional<Finding> check_namespace(const Patient& patient) {
    std::error_code error;
    const auto name = std::filesystem::read_symlink(patient.watcher.folder / "ns/pid", error);
    if (error) {
        return std::nullopt; // another user's daemon
    }
    if (name != initial_namespace) {
        return warning("this is a container with process ids of its own, in which the probes do not work",
                       "run dovewatchd on the host itself, or live with the source proc, which misses "
                       "short sessions");
    }
    return ok("the host's own");
}

std::optional<Finding> check_hidepid(const Patient& patient) {
    const auto mount = mount_at(contents(patient.host.proc / "self/mountinfo").value_or(""), "/proc");
    const auto at = mount ? mount->options.find("hidepid=") : std::string::npos;
    if (at == std::string::npos) {
        return ok("/proc shows every process");
    }
    const std::string option = mount->options.substr(at, mount->options.find(',', at) - at);
    if (option == "hidepid=0" || option == "hidepid=off") {
        return ok("/proc shows every process");
    }
    if (patient.watcher.has(Watcher::cap_sys_ptrace)) {
        return ok(fmt::format("{}, which does not bind {}", option, name_of(patient.watcher)));
    }
    return warning(option + " hides Dovecot from who has not CAP_SYS_PTRACE",
                   patient.watcher.is_daemon ? "give dovewatchd CAP_SYS_PTRACE, or run it as root"
                                             : "sudo dovewatch doctor");
}

} // namespace

std::span<const Check> process_checks() {
    static constexpr std::array all{
        Check{"view", check_view},
        Check{"capabilities", check_capabilities},
        Check{"pid namespace", check_namespace},
        Check{"hidepid", check_hidepid},
    };
    return all;
}

} // namespace dovewatch::terminal
