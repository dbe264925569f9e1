// Whether the kernel can carry the probes.
#include "exporters/terminal/doctor_check.h"

#include <array>
#include <charconv>
#include <sstream>

#include <fmt/format.h>

namespace dovewatch::terminal {
namespace {

std::optional<Finding> check_version(const Patient& patient) {
    const std::string release = trimmed(contents(patient.host.proc / "sys/kernel/osrelease").value_or(""));
    std::istringstream in(release);
    int major = 0;
    int minor = 0;
    char dot = 0;
    if (!(in >> major >> dot >> minor)) {
        return warning("the kernel's version cannot be read, the probes need 5.13",
                       "compare with `uname -r`");
    }
    const auto is_before = [&](int of_five) { return major < 5 || (major == 5 && minor < of_five); };
    if (is_before(13)) {
        return problem(fmt::format("Linux {} is too old for the probes, which need 5.13", release),
                       "boot a newer kernel");
    }
    if (is_before(15)) {
        return warning(
            fmt::format("Linux {} cannot pin the probes in Dovecot's library, so what happens while "
                        "dovewatchd is down is lost",
                        release),
            "boot Linux 5.15 or later");
    }
    return ok("Linux " + release);
}

std::optional<Finding> check_btf(const Patient& patient) {
    const auto file = patient.host.sys / "kernel/btf/vmlinux";
    if (!is_readable(file)) {
        return problem(
            fmt::format("{} cannot be read, and without it the probes cannot be loaded", file.string()),
            "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y, as Debian 11 and later have it");
    }
    return ok(file.string() + " is there");
}

bool probes_work(const Patient& patient) {
    return patient.status && patient.status->daemon_pid && patient.status->daemon &&
           patient.status->daemon->source != "proc";
}

std::optional<Finding> check_lockdown(const Patient& patient) {
    const auto text = contents(patient.host.sys / "kernel/security/lockdown");
    if (!text) {
        return ok("none");
    }
    if (text->find("[confidentiality]") == std::string::npos) {
        return ok(text->find("[integrity]") == std::string::npos ? "none"
                                                                 : "integrity, which the probes do not mind");
    }
    if (probes_work(patient)) {
        return ok("confidentiality, but the probes work");
    }
    return warning("confidentiality, under which some kernels forbid probes",
                   "boot with lockdown=integrity if `dovewatch status` shows the source proc");
}

std::optional<Finding> check_uprobes(const Patient& patient) {
    if (!is_readable(patient.host.sys / "bus/event_source/devices/uprobe/type")) {
        return problem("the kernel has no uprobes, with which titles are seen",
                       "boot a kernel built with CONFIG_UPROBE_EVENTS=y");
    }
    return ok("the kernel has them");
}

// Kernels of Debian and Ubuntu have levels 3 and 4, which CAP_PERFMON alone does not pass.
std::optional<Finding> check_perf_events(const Patient& patient) {
    const std::string text =
        trimmed(contents(patient.host.proc / "sys/kernel/perf_event_paranoid").value_or(""));
    int level = 0;
    std::from_chars(text.data(), text.data() + text.size(), level);
    const Watcher& watcher = patient.watcher;
    if (level > 2 && watcher.has(Watcher::cap_perfmon) && !watcher.has(Watcher::cap_sys_admin)) {
        return warning(
            fmt::format("kernel.perf_event_paranoid is {}, which may stop probes that have CAP_PERFMON "
                        "but not CAP_SYS_ADMIN",
                        level),
            "sysctl kernel.perf_event_paranoid=2, or run dovewatchd as root");
    }
    return ok(text.empty() ? "no restriction" : "kernel.perf_event_paranoid is " + text);
}

std::optional<Finding> check_bpffs(const Patient& patient) {
    constexpr std::string_view point = "/sys/fs/bpf";
    const Watcher& watcher = patient.watcher;
    const auto mountinfo = contents(watcher.folder / "mountinfo");
    if (!mountinfo) {
        return std::nullopt; // another user's daemon, whose mounts are its own
    }
    const auto mount = mount_at(*mountinfo, point);
    if (mount && mount->type == "bpf") {
        return ok(fmt::format("mounted at {}", point));
    }
    if (!watcher.is_daemon && (watcher.has(Watcher::cap_sys_admin) || watcher.capabilities == 0)) {
        return ok(fmt::format("not mounted yet: dovewatchd mounts it at {} when it starts", point));
    }
    return warning(fmt::format("not mounted at {}, so what happens while dovewatchd is down is lost", point),
                   fmt::format("mount -t bpf bpf {}, then systemctl restart dovewatchd", point));
}

} // namespace

std::span<const Check> kernel_checks() {
    static constexpr std::array all{
        Check{"kernel", check_version},          Check{"BTF", check_btf},
        Check{"lockdown", check_lockdown},       Check{"uprobes", check_uprobes},
        Check{"perf events", check_perf_events}, Check{"bpffs", check_bpffs},
    };
    return all;
}

} // namespace dovewatch::terminal
