#include "exporters/terminal/doctor_masters.h"

#include <algorithm>
#include <sstream>
#include <string>
#include <system_error>

#include <sys/stat.h>

namespace dovewatch::terminal {
namespace {

constexpr std::string_view master_name = "dovecot";

bool is_number(const std::string& name) {
    return std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<uid_t> effective_uid_of(const std::filesystem::path& process) {
    std::istringstream lines(contents(process / "status").value_or(""));
    for (std::string word; lines >> word;) {
        uid_t real = 0;
        uid_t effective = 0;
        if (word == "Uid:" && lines >> real >> effective) {
            return effective;
        }
    }
    return std::nullopt;
}

bool runs_administrators_file(const std::filesystem::path& executable, uid_t master_uid) {
    constexpr mode_t forbidden = S_ISUID | S_ISGID | S_IWGRP | S_IWOTH;
    struct stat file {};
    std::error_code error;
    const auto name = std::filesystem::read_symlink(executable, error).filename().string();
    return !error && (name == master_name || name == std::string(master_name) + " (deleted)") &&
           stat(executable.c_str(), &file) == 0 && (file.st_uid == 0 || file.st_uid == master_uid) &&
           (file.st_mode & forbidden) == 0;
}

bool is_master(const Patient& patient, const std::filesystem::path& process) {
    return contents(process / "comm").value_or("") == std::string(master_name) + "\n" &&
           effective_uid_of(process) == patient.master_uid &&
           (!patient.sees_all || runs_administrators_file(process / "exe", patient.master_uid));
}

} // namespace

std::vector<int> masters_of(const Patient& patient) {
    std::vector<int> masters;
    std::error_code error;
    for (std::filesystem::directory_iterator each(patient.host.proc, error), end; !error && each != end;
         each.increment(error)) {
        const std::string name = each->path().filename().string();
        if (is_number(name) && is_master(patient, each->path())) {
            masters.push_back(std::stoi(name));
        }
    }
    std::sort(masters.begin(), masters.end());
    return masters;
}

std::filesystem::path executable_of(const Host& host, int process) {
    return host.proc / std::to_string(process) / "exe";
}

} // namespace dovewatch::terminal
