// The probes in bpffs, where they outlive the daemon: pinned links go on collecting into the pinned ring
// buffer until a next daemon takes them over, or removes them.
//
// A folder per database holds the maps by their names, the links `on_exit`, `on_exec`, `on_switch` where a
// master needs it, and NAME-DEVICE-INODE for each probe in a library.
#pragma once

#include "bpf/probe_event.h"
#include "store/result.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

namespace dovewatch {

// A file, as device and inode.
using FileId = std::pair<std::uint64_t, std::uint64_t>;

// The folder for the probes that serve this database. The same for the same path.
std::filesystem::path pin_folder(const std::filesystem::path& database);

// Mounts bpffs where it belongs if it is not, and makes the folder, for root alone.
[[nodiscard]] Result<void> prepare_pin_folder(const std::filesystem::path& folder);

// How the pinned probes were set up; no value where there are none, or a daemon died while it pinned them.
std::optional<dw_setup> pinned_setup(const std::filesystem::path& folder);

// Removes all pins. Probes that no process holds any more are gone then. False where there were none.
[[nodiscard]] Result<bool> remove_pins(const std::filesystem::path& folder);

// The links that every set of probes has.
inline constexpr std::array<const char*, 2> always_attached{"on_exit", "on_exec"};
inline constexpr const char* switch_pin = "on_switch";

// The paths of those, and of all others that are there.
std::vector<std::filesystem::path> link_pins(const std::filesystem::path& folder);

// Of the probes in a library, with the library's identity behind them.
inline constexpr const char* title_pin = "title";
inline constexpr const char* info_pin = "info";
inline constexpr const char* event_info_pin = "event_info";
std::filesystem::path library_pin(const std::filesystem::path& folder, const char* name,
                                  const FileId& library);

} // namespace dovewatch
