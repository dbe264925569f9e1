// Whether the daemon runs, and whether what it sees is kept.
#include "exporters/terminal/doctor_check.h"
#include "exporters/terminal/human.h"
#include "exporters/terminal/records.h"
#include "exporters/terminal/time_zone.h"

#include <algorithm>
#include <array>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dovewatch::terminal {
namespace {

std::filesystem::path folder_of(const Patient& patient) {
    const auto folder = patient.database.parent_path();
    return folder.empty() ? "." : folder;
}

bool is_there(const std::filesystem::path& file) {
    std::error_code error;
    return std::filesystem::exists(file, error) || error;
}

std::optional<Finding> check_database(const Patient& patient) {
    if (patient.status) {
        return ok(
            fmt::format("{}, {}", patient.database.string(), human_bytes(patient.status->database_bytes)));
    }
    const std::string folder = folder_of(patient).string();
    if (!is_there(folder)) {
        return problem(fmt::format("its folder {} does not exist", folder),
                       fmt::format("mkdir -p {}, then systemctl start dovewatchd", folder));
    }
    if (!is_there(patient.database)) {
        return problem(patient.database.string() + " does not exist yet", "systemctl start dovewatchd");
    }
    return problem(patient.status.error().message, {}); // which holds the mend
}

std::string last_event(const Patient& patient) {
    const auto& daemon = patient.status->daemon;
    if (!daemon || !daemon->last_event) {
        return "no event yet";
    }
    return fmt::format("last event {} ago", human_duration(patient.now - *daemon->last_event));
}

std::optional<Finding> check_daemon(const Patient& patient) {
    if (!patient.status) {
        return std::nullopt;
    }
    if (!patient.status->daemon_pid) {
        return problem(fmt::format("does not run ({})", last_event(patient)),
                       "systemctl start dovewatchd; `journalctl -u dovewatchd` tells why it ended");
    }
    const auto& daemon = patient.status->daemon;
    if (daemon && daemon->source == "proc") {
        return warning(fmt::format("runs without probes and misses short sessions ({})", last_event(patient)),
                       "`journalctl -u dovewatchd` tells what keeps the probes from loading");
    }
    return ok(fmt::format("runs (pid {}, {})", *patient.status->daemon_pid, last_event(patient)));
}

std::string mend_of(const std::vector<Counter>& counters) {
    const bool is_ring = std::any_of(counters.begin(), counters.end(), [](const Counter& counter) {
        return counter.is_loss && counter.value > 0 && counter.name.find("ring") != std::string::npos;
    });
    return is_ring ? "raise ring-buffer-seconds in /etc/dovewatch/dovewatch.conf, then systemctl restart "
                     "dovewatchd"
                   : "`journalctl -u dovewatchd` tells when and why";
}

std::optional<Finding> check_losses(const Patient& patient) {
    if (!patient.status || !patient.status->daemon) {
        return std::nullopt;
    }
    const auto& counters = patient.status->daemon->counters;
    const std::uint64_t sum = lost(counters);
    if (sum == 0) {
        return ok("nothing lost");
    }
    std::vector<std::string> parts;
    for (const Counter& counter : counters) {
        if (counter.is_loss && counter.value > 0) {
            parts.push_back(fmt::format("{} {}", counter.value, counter.name));
        }
    }
    return warning(fmt::format("{} lost since dovewatchd started ({})", sum, fmt::join(parts, "; ")),
                   mend_of(counters));
}

std::optional<Finding> check_free_space(const Patient& patient) {
    constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
    const std::string folder = folder_of(patient).string();
    const auto free = patient.host.free_bytes(folder);
    if (!free) {
        return std::nullopt; // no folder, which is told elsewhere
    }
    const std::string found = fmt::format("{} MiB free in {}", *free / mebibyte, folder);
    if (*free < mebibyte) {
        return problem("the file system of " + folder + " is full, so nothing is stored", "make room");
    }
    return *free < 100 * mebibyte ? warning(found, "make room before it is full") : ok(found);
}

std::string text_of(UtcTime time) {
    fmt::memory_buffer text;
    append_local_time(text, time, TimeZone::utc());
    return fmt::to_string(text);
}

std::optional<Finding> check_clock(const Patient& patient) {
    using namespace std::chrono_literals;
    constexpr UtcTime least = std::chrono::sys_days{2024y / 1 / 1};
    const std::string mend = "timedatectl set-ntp true, or set it by hand";
    if (patient.now < least) {
        return problem(fmt::format("it says {}, so every login gets a wrong time", text_of(patient.now)),
                       mend);
    }
    const auto& status = patient.status;
    const auto last = status && status->daemon ? status->daemon->last_event : std::nullopt;
    if (last && *last > patient.now + 1min) {
        return warning(fmt::format("it says {}, {} before the last event: it was set back",
                                   text_of(patient.now), human_duration(*last - patient.now)),
                       mend);
    }
    return ok("it says " + text_of(patient.now));
}

} // namespace

std::span<const Check> store_checks() {
    static constexpr std::array all{
        Check{"database", check_database}, Check{"dovewatchd", check_daemon},
        Check{"losses", check_losses},     Check{"free space", check_free_space},
        Check{"clock", check_clock},
    };
    return all;
}

} // namespace dovewatch::terminal
