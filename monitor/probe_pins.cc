#include "monitor/probe_pins.h"

#include "store/log.h"
#include "store/unique_fd.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <string>
#include <system_error>

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>

namespace dovewatch {

namespace {

constexpr const char* bpffs = "/sys/fs/bpf";

bool is_bpffs(const char* folder) {
    struct statfs status {};
    return statfs(folder, &status) == 0 && static_cast<std::uint32_t>(status.f_type) == BPF_FS_MAGIC;
}

// FNV-1a (RFC draft-eastlake-fnv), because it must be the same in every build. bpffs allows no dot in a name,
// so the path itself cannot serve.
std::uint64_t stable_hash(const std::string& text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3U;
    }
    return hash;
}

// The map `setup` first: without it the rest counts for nothing, wherever this is cut short.
Result<bool> remove_folder(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::remove(folder / "setup", error);
    const auto removed = std::filesystem::remove_all(folder, error);
    if (error) {
        return failed(fmt::format("cannot remove {}: {}", folder.string(), error.message()));
    }
    return removed > 0;
}

// The map `setup` is pinned last.
std::optional<UtcTime> when_pinned(const std::filesystem::path& folder) {
    struct stat status {};
    if (stat((folder / "setup").c_str(), &status) != 0) {
        return std::nullopt;
    }
    const auto since_1970 =
        std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec);
    return UtcTime(std::chrono::floor<std::chrono::microseconds>(since_1970));
}

} // namespace

std::filesystem::path pin_folder(const std::filesystem::path& database) {
    std::error_code ignored;
    const auto path = std::filesystem::weakly_canonical(database, ignored);
    return std::filesystem::path(bpffs) / "dovewatch" / fmt::format("{:016x}", stable_hash(path.string()));
}

Result<void> prepare_pin_folder(const std::filesystem::path& folder) {
    if (!is_bpffs(bpffs) && mount("bpf", bpffs, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0) {
        return failed(fmt::format("cannot mount bpffs at {}: {}", bpffs, std::strerror(errno)));
    }
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (!error) {
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    }
    if (error) {
        return failed(fmt::format("cannot make {}: {}", folder.string(), error.message()));
    }
    return {};
}

std::optional<dw_setup> pinned_setup(const std::filesystem::path& folder) {
    const UniqueFd map(bpf_obj_get((folder / "setup").c_str()));
    bpf_map_info info{};
    __u32 info_size = sizeof(info);
    if (!map || bpf_obj_get_info_by_fd(map.get(), &info, &info_size) != 0 ||
        info.type != BPF_MAP_TYPE_ARRAY) {
        return std::nullopt;
    }
    std::vector<std::byte> value(info.value_size); // as that daemon had it, older or newer
    const __u32 key = 0;
    if (bpf_map_lookup_elem(map.get(), &key, value.data()) != 0) {
        return std::nullopt;
    }
    dw_setup setup{};
    std::memcpy(&setup, value.data(), std::min(value.size(), sizeof(setup)));
    return setup.layout == 0 ? std::nullopt : std::optional(setup);
}

void warn_unpinned(const std::string& cause) {
    log(Severity::warning,
        fmt::format("{}; sessions that begin and end while dovewatchd does not run will be missed", cause));
}

std::string ring_id_text(const dw_setup& setup) {
    return fmt::format("{:016x}", setup.ring_id);
}

std::filesystem::path replaced_pins(const std::filesystem::path& folder) {
    return folder.string() + "-replaced";
}

Result<void> set_pins_aside(const std::filesystem::path& folder) {
    if (!pinned_setup(folder)) {
        return remove_folder(folder).map([](bool) {});
    }
    return remove_folder(replaced_pins(folder)).and_then([&](bool) -> Result<void> {
        std::error_code error;
        std::filesystem::rename(folder, replaced_pins(folder), error);
        if (error) {
            return failed(fmt::format("cannot rename {}: {}", folder.string(), error.message()));
        }
        return {};
    });
}

// The replaced probes see all until their successors' events are stored.
Result<void> settle_pins(const std::filesystem::path& folder, const std::optional<Checkpoint>& stored) {
    if (!pinned_setup(replaced_pins(folder))) {
        return {};
    }
    const auto successor = pinned_setup(folder);
    const bool is_stored = successor && stored && stored->position.source_id == ring_id_text(*successor);
    return remove_folder(is_stored ? replaced_pins(folder) : folder).map([](bool) {});
}

bool are_outlived(const std::filesystem::path& folder, const Checkpoint& stored) {
    const auto pinned = when_pinned(folder);
    return stored.position.source_id.empty() && pinned && *pinned < stored.at;
}

void abandon_pins(const std::filesystem::path& folder, const std::optional<Checkpoint>& stored) {
    std::error_code error;
    const bool were_pinned = std::filesystem::exists(folder / "setup", error) ||
                             std::filesystem::exists(replaced_pins(folder) / "setup", error);
    const bool may_be_pinned = stored && !stored->position.source_id.empty() && error;
    const auto removed = remove_pins(folder);
    if (removed && were_pinned) {
        log(Severity::warning, "the kernel probes of an earlier dovewatchd are removed; what they saw and it "
                               "did not store is lost");
    } else if (!removed && (were_pinned || may_be_pinned)) {
        log(Severity::warning,
            fmt::format(
                "{}; kernel probes of an earlier dovewatchd may go on in vain: `dovewatchd --unload` as "
                "root removes them",
                removed.error().message));
    }
}

Result<bool> remove_pins(const std::filesystem::path& folder) {
    return remove_folder(folder).and_then([&](bool removed) {
        return remove_folder(replaced_pins(folder)).map([&](bool also) { return removed || also; });
    });
}

std::vector<std::filesystem::path> link_pins(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> pins;
    pins.reserve(always_attached.size());
    for (const char* name : always_attached) {
        pins.push_back(folder / name);
    }
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
        if (entry.path().filename() == switch_pin || is_library_pin(entry.path())) {
            pins.push_back(entry.path());
        }
    }
    return pins;
}

std::filesystem::path library_pin(const std::filesystem::path& folder, const char* name,
                                  const FileId& library) {
    return folder / fmt::format("{}-{}-{}-{}-{}", name, library.device, library.inode, library.modified_ns,
                                library.size);
}

bool is_library_pin(const std::filesystem::path& pin) {
    return pin.filename().string().find('-') != std::string::npos;
}

bool is_outdated_pin(const std::filesystem::path& pin, const FileId& library) {
    const std::string name = pin.filename();
    const std::string probe = name.substr(0, name.find('-'));
    return name.starts_with(fmt::format("{}-{}-{}-", probe, library.device, library.inode)) &&
           name != library_pin("", probe.c_str(), library);
}

} // namespace dovewatch
