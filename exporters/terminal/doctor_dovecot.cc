// Which Dovecot runs, and whether the probes can follow it.
#include "exporters/terminal/doctor_masters.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dovewatch::terminal {
namespace {

constexpr std::string_view start_dovecot = "systemctl start dovecot";

std::optional<Finding> check_masters(const Patient& patient) {
    const auto masters = masters_of(patient);
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

// Dovecot may have been upgraded since it was started, or be another than that of PATH.
std::optional<int> master_of_another(const Patient& patient, const std::filesystem::path& program) {
    for (const int master : masters_of(patient)) {
        std::error_code error;
        if (!std::filesystem::equivalent(program, executable_of(patient.host, master), error) && !error) {
            return master;
        }
    }
    return std::nullopt;
}

std::string whose_version(const Patient& patient, const std::string& version) {
    const auto program = patient.host.find("dovecot");
    if (program && !patient.sees_all) {
        return fmt::format("{} is {}", program->string(), version);
    }
    const auto master = program ? master_of_another(patient, *program) : std::nullopt;
    if (!master) {
        return version;
    }
    return fmt::format("{} is {}; process {} runs another file, whose version is not known",
                       program->string(), version, *master);
}

std::optional<Finding> check_version(const Patient& patient) {
    const auto version = patient.host.run({"dovecot", "--version"});
    if (!version) {
        return warning(fmt::format("`dovecot` cannot be asked: {}", version.error().message),
                       "install dovecot-core, or add the folder of `dovecot` to PATH");
    }
    const std::string number = trimmed(*version);
    const std::string text = whose_version(patient, number);
    if (!has_false_idling(number_of(number))) {
        return ok(text);
    }
    const std::string source = source_of(patient);
    if (misses_short_titles(source)) {
        return warning(
            fmt::format("{} shows [idling] during a session, so the source {} misses POP3 sessions", text,
                        source),
            "upgrade Dovecot, or mend what keeps the source from being uprobe alone");
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
    for (const int master : masters_of(patient)) {
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
