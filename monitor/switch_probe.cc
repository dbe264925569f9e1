#include "monitor/switch_probe.h"

#include "bpf/probe_event.h"
#include "store/unique_fd.h"

#include <cerrno>
#include <cstring>

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <sys/syscall.h>

namespace dovewatch {

SwitchProbe::SwitchProbe(const dovewatch_bpf& skeleton, const std::optional<std::filesystem::path>& pins)
    : skeleton_(skeleton), pins_(pins), attached_(pins && std::filesystem::exists(*pins / switch_pin)) {}

Result<void> SwitchProbe::attach() {
    link_.reset(bpf_program__attach(skeleton_.progs.on_switch));
    if (!link_) {
        return failed(fmt::format("cannot probe sched_switch: {}", std::strerror(errno)));
    }
    if (pins_ && bpf_link__pin(link_.get(), (*pins_ / switch_pin).c_str()) != 0) {
        warn_unpinned(fmt::format("cannot pin the probe of sched_switch in {}: {}", pins_->string(),
                                  std::strerror(errno)));
    }
    attached_ = true;
    return {};
}

Result<bool> SwitchProbe::watch(std::int32_t master_pid) {
    if (!attached_) {
        if (auto attached = attach(); !attached) {
            return tl::make_unexpected(attached.error());
        }
    }
    const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, master_pid, 0)));
    const int key = pidfd.get();
    dw_process master{};
    master.role = DW_ROLE_MASTER;
    master.flags = DW_FLAG_BY_SWITCH;
    if (!pidfd || bpf_map_update_elem(bpf_map__fd(skeleton_.maps.processes), &key, &master, BPF_ANY) != 0) {
        return false;
    }
    return masters_.insert(master_pid).second;
}

} // namespace dovewatch
