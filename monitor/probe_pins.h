// The probes in bpffs, where they outlive the daemon: pinned links go on collecting into the pinned ring
// buffer until a next daemon takes them over, or removes them.
//
// A folder per database holds the maps by their names, the links `on_exit`, `on_exec`, `on_switch` where a
// master needs it, and NAME-DEVICE-INODE-MTIME-SIZE for each probe in a library. Probes that are being
// replaced wait in a folder beside it until what they saw is stored.
#pragma once

#include "bpf/probe_event.h"
#include "store/model.h"
#include "store/result.h"

#include <array>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace dovewatch {

// A file with what it holds: one that was written anew in its place is another.
struct FileId {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t modified_ns = 0;
    std::uint64_t size = 0;

    auto operator<=>(const FileId&) const = default; // NOLINT(modernize-use-nullptr): as in store/address.h
};

// The folder for the probes that serve this database. The same for the same path.
std::filesystem::path pin_folder(const std::filesystem::path& database);

// Mounts bpffs where it belongs if it is not, and makes the folder, for root alone.
[[nodiscard]] Result<void> prepare_pin_folder(const std::filesystem::path& folder);

// How the pinned probes were set up; no value where there are none, or a daemon died while it pinned them.
std::optional<dw_setup> pinned_setup(const std::filesystem::path& folder);

// To the administrator: `cause`, and that it keeps probes from outliving the daemon.
void warn_unpinned(const std::string& cause);

// Tells one ring buffer from all others: the `source_id` of what was read from it.
std::string ring_id_text(const dw_setup& setup);

// The folder for the probes of `folder` that are being replaced.
std::filesystem::path replaced_pins(const std::filesystem::path& folder);

// Empties `folder` for new pins: its probes are those that are being replaced now, and go on. What a daemon
// left that died while it pinned is removed.
[[nodiscard]] Result<void> set_pins_aside(const std::filesystem::path& folder);

// Ends a replacement that an earlier daemon did not live to end: of the two sets of probes the one goes whose
// events are stored, or were seen by the other as well. `stored`: how far the database has come.
[[nodiscard]] Result<void> settle_pins(const std::filesystem::path& folder,
                                       const std::optional<Checkpoint>& stored);

// Whether the probes were pinned before a source without a ring buffer stored `stored`: what they hold was
// seen by that one too.
bool are_outlived(const std::filesystem::path& folder, const Checkpoint& stored);

// Gives up what an earlier daemon has pinned, because nothing will read it any more, and says so on the log;
// where that is not allowed, it says how to do it.
void abandon_pins(const std::filesystem::path& folder, const std::optional<Checkpoint>& stored);

// Removes all pins, also of what is being replaced. Probes that no process holds any more are gone then.
// False where there were none.
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
bool is_library_pin(const std::filesystem::path& pin);

// Whether the pin is of a probe in the file in whose place `library` was written.
bool is_outdated_pin(const std::filesystem::path& pin, const FileId& library);

} // namespace dovewatch
