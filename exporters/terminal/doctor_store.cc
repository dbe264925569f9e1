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

struct BlindSpot {
    std::string_view source;
    std::string_view found;
    std::string_view mend;
};

constexpr std::array blind_spots{
    BlindSpot{"proc", "runs without probes and misses short sessions and most LMTP deliveries",
              "`journalctl -u dovewatchd` tells what keeps the probes from loading"},
    BlindSpot{
        "switch",
        "reads titles when a process goes to sleep, and so misses short sessions and many LMTP deliveries",
        "set source = auto in /etc/dovewatch/dovewatch.conf, then systemctl restart dovewatchd"},
    BlindSpot{"uprobe and switch",
              "finds no title function in the library of some Dovecot, and so misses short sessions and many "
              "LMTP deliveries there",
              "`journalctl -u dovewatchd` tells in which; run there a Dovecot as the distributions build it"},
};

std::optional<Finding> check_daemon(const Patient& patient) {
    if (!patient.status) {
        return std::nullopt;
    }
    if (!patient.status->daemon_pid) {
        return problem(fmt::format("does not run ({})", last_event(patient)),
                       "systemctl start dovewatchd; `journalctl -u dovewatchd` tells why it ended");
    }
    for (const auto& [source, found, mend] : blind_spots) {
        if (source == source_of(patient)) {
            return warning(fmt::format("{} ({})", found, last_event(patient)), std::string(mend));
        }
    }
    return ok(fmt::format("runs (pid {}, {})", *patient.status->daemon_pid, last_event(patient)));
}

struct LossMend {
    std::string_view loss; // a part of the counter's name
    std::string_view mend;
};

constexpr std::string_view journal = "`journalctl -u dovewatchd` tells when and why";

constexpr std::array loss_mends{
    LossMend{"ring buffer full",
             "raise ring-buffer-seconds in /etc/dovewatch/dovewatch.conf, then systemctl restart dovewatchd, "
             "which leaves no gap where its unit says RestartKillSignal=SIGHUP"},
    LossMend{"sessions without a name", "set client_limit = 1 in Dovecot's services, which is its default"},
    LossMend{"deliveries without a name", "give dovecot-lda its user with -d"},
    LossMend{"store unavailable", journal},
    LossMend{"sources that failed", journal},
    LossMend{"without a probe", journal},
};

constexpr std::string_view other_mend =
    "`dovewatch status` counts them; who was still online has been found again in /proc";

std::string_view mend_of(const Counter& counter) {
    const auto found = std::find_if(loss_mends.begin(), loss_mends.end(), [&](const LossMend& each) {
        return counter.name.find(each.loss) != std::string::npos;
    });
    return found == loss_mends.end() ? other_mend : found->mend;
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
    std::vector<std::string_view> mends;
    for (const Counter& counter : counters) {
        if (counter.is_loss && counter.value > 0) {
            parts.push_back(fmt::format("{} {}", counter.value, counter.name));
            const auto mend = mend_of(counter);
            if (std::find(mends.begin(), mends.end(), mend) == mends.end()) {
                mends.push_back(mend);
            }
        }
    }
    // What the kernel counts outlives the daemon where its successor takes the probes over.
    return warning(
        fmt::format("{} lost since the probes or dovewatchd were started ({})", sum, fmt::join(parts, "; ")),
        fmt::format("{}", fmt::join(mends, "; ")));
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
