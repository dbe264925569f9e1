#include "monitor/library_probes.h"

#include "monitor/proc_files.h"
#include "store/log.h"

#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <sys/stat.h>

namespace dovewatch {

namespace {

constexpr std::string_view library_name = "libdovecot.so.";
constexpr const char* title_function = "process_title_set";

// map_files leads to the mapped inode itself, whatever the path leads to by now; it needs CAP_SYS_ADMIN or
// CAP_CHECKPOINT_RESTORE, the way through the process's root does not.
std::optional<std::filesystem::path> reachable_path(const std::filesystem::path& process,
                                                    const MappedFile& library, struct stat& status) {
    for (const auto& path : {process / "map_files" / library.range,
                             process / "root" / std::filesystem::path(library.path).relative_path()}) {
        if (stat(path.c_str(), &status) == 0) {
            return path;
        }
    }
    return std::nullopt;
}

FileId file_id(const struct stat& status) {
    constexpr std::int64_t nanoseconds = 1'000'000'000;
    return {status.st_dev, status.st_ino, status.st_mtim.tv_sec * nanoseconds + status.st_mtim.tv_nsec,
            static_cast<std::uint64_t>(status.st_size)};
}

} // namespace

std::string explain_refusal(int error, const std::filesystem::path& proc) {
    std::string reason = std::strerror(error);
    if (error != EACCES && error != EPERM) {
        return reason;
    }
    const auto level = read_file(proc / "sys/kernel/perf_event_paranoid").value_or("unknown");
    return fmt::format("{} (kernel.perf_event_paranoid is {}: run dovewatchd as root, give it CAP_PERFMON or "
                       "CAP_SYS_ADMIN, or lower that to 2)",
                       reason, level.substr(0, level.find('\n')));
}

LibraryProbes::LibraryProbes(const dovewatch_bpf& skeleton, std::filesystem::path proc,
                             const std::optional<std::filesystem::path>& pins,
                             std::vector<ProbeLink> taken_over)
    : skeleton_(skeleton), proc_(std::move(proc)), pins_(pins) {
    for (auto& link : taken_over) {
        std::filesystem::path pin = bpf_link__pin_path(link.get());
        links_.push_back({std::move(pin), std::move(link)});
    }
}

Result<LibraryProbes::Outcome> LibraryProbes::attach(std::int32_t master_pid) {
    const auto process = proc_ / std::to_string(master_pid);
    const auto maps = read_file(process / "maps");
    const auto library = maps ? find_mapping(*maps, library_name) : std::nullopt;
    if (!library) {
        return Outcome::not_mapped;
    }
    struct stat status {};
    const auto path = reachable_path(process, *library, status);
    if (!path) {
        return Outcome::not_mapped;
    }
    const FileId id = file_id(status);
    if (libraries_.contains(id)) {
        return Outcome::known;
    }
    drop_outdated(id);
    // First, because its first login may come at once.
    const auto title = attach_one({skeleton_.progs.on_title, title_function, title_pin}, *path, id);
    if (title == Attached::no) {
        return failed(fmt::format("cannot probe {} in {} (of Dovecot master {}): {}", title_function,
                                  library->path, master_pid, explain_refusal(errno, proc_)));
    }
    for (const Probe& probe : {Probe{skeleton_.progs.on_info, "i_info", info_pin},
                               Probe{skeleton_.progs.on_event_info, "e_info", event_info_pin}}) {
        if (attach_one(probe, *path, id) == Attached::no) {
            log(Severity::warning,
                fmt::format("cannot probe {} in {} (of Dovecot master {}): {}; some of its sessions get no "
                            "logout reason and statistics",
                            probe.function, library->path, master_pid, explain_refusal(errno, proc_)));
        }
    }
    libraries_.insert(id);
    return title == Attached::now ? Outcome::attached : Outcome::known;
}

LibraryProbes::Attached LibraryProbes::attach_one(const Probe& probe, const std::filesystem::path& library,
                                                  const FileId& id) {
    const auto pin = library_pin(pins_.value_or(""), probe.pin_name, id);
    if (pins_ && std::filesystem::exists(pin)) {
        return Attached::before;
    }
    LIBBPF_OPTS(bpf_uprobe_opts, options, .func_name = probe.function);
    constexpr pid_t every_process = -1;
    ProbeLink link(
        bpf_program__attach_uprobe_opts(probe.program, every_process, library.c_str(), 0, &options));
    if (!link) {
        return Attached::no;
    }
    if (pins_ && bpf_link__pin(link.get(), pin.c_str()) != 0) {
        warn_unpinned(fmt::format("cannot pin the probe of {} as {}, which needs Linux 5.15: {}",
                                  probe.function, pin.string(), std::strerror(errno)));
    }
    links_.push_back({pin, std::move(link)});
    return Attached::now;
}

void LibraryProbes::drop_outdated(const FileId& library) {
    std::vector<std::filesystem::path> outdated;
    if (pins_) {
        outdated = link_pins(*pins_);
        std::erase_if(outdated, [&](const auto& pin) { return !is_outdated_pin(pin, library); });
    }
    const auto dropped =
        std::erase_if(links_, [&](const Link& link) { return is_outdated_pin(link.pin, library); });
    for (const auto& pin : outdated) {
        std::error_code error;
        std::filesystem::remove(pin, error);
        if (error) {
            log(Severity::error, fmt::format("cannot remove {}: {}", pin.string(), error.message()));
        }
    }
    std::erase_if(libraries_, [&](const FileId& known) {
        return known.device == library.device && known.inode == library.inode;
    });
    if (dropped > 0 || !outdated.empty()) {
        log(Severity::warning, fmt::format("a Dovecot library was written anew in its place (inode {}); its "
                                           "probes are attached again",
                                           library.inode));
    }
}

} // namespace dovewatch
