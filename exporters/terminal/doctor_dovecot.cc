// Which Dovecot runs, and whether the probes can follow it.
#include "exporters/terminal/doctor_check.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dovewatch::terminal {
namespace {

constexpr std::string_view start_dovecot = "systemctl start dovecot";

bool is_number(const std::string& name) {
    return std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The process ids, in order, of what calls itself dovecot: for a person to know, not to be trusted.
std::vector<int> masters_of(const Host& host) {
    std::vector<int> masters;
    std::error_code error;
    for (std::filesystem::directory_iterator each(host.proc, error), end; !error && each != end;
         each.increment(error)) {
        const std::string name = each->path().filename().string();
        if (is_number(name) && contents(each->path() / "comm").value_or("") == "dovecot\n") {
            masters.push_back(std::stoi(name));
        }
    }
    std::sort(masters.begin(), masters.end());
    return masters;
}

std::optional<Finding> check_masters(const Patient& patient) {
    const auto masters = masters_of(patient.host);
    if (masters.empty()) {
        return warning("none runs", std::string(start_dovecot));
    }
    return ok(fmt::format("{} (pid {})",
                          masters.size() == 1 ? "one runs" : fmt::format("{} run", masters.size()),
                          fmt::join(masters, ", ")));
}

// "2.4.1" of "2.4.1-4 (7d8c0e5759)\n"
std::string number_of(const std::string& version) {
    return version.substr(0, version.find_first_not_of("0123456789."));
}

// They show [idling] while a session lives.
bool has_false_idling(const std::string& number) {
    constexpr std::array versions{"2.3.21", "2.3.21.1", "2.4.0", "2.4.1", "2.4.2"};
    return std::find(versions.begin(), versions.end(), number) != versions.end();
}

std::optional<Finding> check_version(const Patient& patient) {
    const auto version = patient.host.run({"dovecot", "--version"});
    if (!version) {
        return warning(fmt::format("`dovecot` cannot be asked: {}", version.error().message),
                       "install dovecot-core, or add the folder of `dovecot` to PATH");
    }
    const std::string text = trimmed(*version);
    if (!has_false_idling(number_of(text))) {
        return ok(text);
    }
    if (patient.status && patient.status->daemon && patient.status->daemon->source == "proc") {
        return warning(text + " shows [idling] during a session, so the source proc misses POP3 sessions",
                       "upgrade Dovecot, or mend what keeps the probes from loading");
    }
    return ok(text + ", which shows [idling] during a session; the probes know better");
}

struct Mapped {
    std::string path;
    bool is_deleted = false;
};

std::optional<Mapped> library_in(const std::string& maps) {
    constexpr std::string_view deleted = " (deleted)";
    std::istringstream lines(maps);
    for (std::string line; std::getline(lines, line);) {
        if (line.find("/libdovecot.so.0") != std::string::npos) {
            const std::string path = line.substr(line.find('/'));
            const bool is_deleted = path.ends_with(deleted);
            return Mapped{path.substr(0, path.size() - (is_deleted ? deleted.size() : 0)), is_deleted};
        }
    }
    return std::nullopt;
}

std::optional<Finding> library_of(int master, const std::string& maps) {
    const auto library = library_in(maps);
    if (!library) {
        return problem(
            fmt::format("process {} has no libdovecot.so.0, in which the probes see titles", master),
            "run a Dovecot that is built with shared libraries, as those of the distributions are");
    }
    if (library->is_deleted) {
        return warning(fmt::format("process {} uses a {} that was replaced since", master, library->path),
                       "systemctl restart dovecot");
    }
    return std::nullopt;
}

// The worst that is found of any master.
std::optional<Finding> check_library(const Patient& patient) {
    std::optional<Finding> good;
    for (const int master : masters_of(patient.host)) {
        const auto maps = contents(patient.host.proc / std::to_string(master) / "maps");
        if (!maps || maps->empty()) {
            continue; // not root, which is told elsewhere, or it has just ended
        }
        if (auto bad = library_of(master, *maps)) {
            return bad;
        }
        good = ok(library_in(*maps)->path);
    }
    return good;
}

} // namespace

std::span<const Check> dovecot_checks() {
    static constexpr std::array all{
        Check{"Dovecot", check_masters},
        Check{"Dovecot version", check_version},
        Check{"libdovecot", check_library},
    };
    return all;
}

} // namespace dovewatch::terminal
