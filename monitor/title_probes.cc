#include "monitor/title_probes.h"

#include "monitor/proc_files.h"

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

ProbeLink attach_probe(bpf_program* program, const std::filesystem::path& library) {
    LIBBPF_OPTS(bpf_uprobe_opts, options, .func_name = title_function);
    constexpr pid_t every_process = -1;
    return ProbeLink(bpf_program__attach_uprobe_opts(program, every_process, library.c_str(), 0, &options));
}

} // namespace

TitleProbes::TitleProbes(bpf_program* program, std::filesystem::path proc,
                         const std::optional<std::filesystem::path>& pins)
    : program_(program), proc_(std::move(proc)), pins_(pins) {
    if (pins_) {
        const auto pinned = pinned_libraries(*pins_);
        libraries_.insert(pinned.begin(), pinned.end());
    }
}

Result<TitleProbes::Outcome> TitleProbes::attach(std::int32_t master_pid) {
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
    const FileId id{status.st_dev, status.st_ino};
    if (libraries_.contains(id)) {
        return Outcome::known;
    }
    auto link = attach_probe(program_, *path);
    if (!link) {
        return failed(fmt::format("cannot probe {} in {} (of Dovecot master {}): {}", title_function,
                                  library->path, master_pid, std::strerror(errno)));
    }
    if (pins_) {
        bpf_link__pin(link.get(), title_pin(*pins_, id).c_str()); // else it is gone when this daemon is
    }
    links_.push_back(std::move(link));
    libraries_.insert(id);
    return Outcome::attached;
}

} // namespace dovewatch
