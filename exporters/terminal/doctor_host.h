// The host as the doctor sees it: what a test replaces.
#pragma once

#include "store/result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace dovewatch::terminal {

struct Host {
    std::filesystem::path proc; // where procfs and sysfs are
    std::filesystem::path sys;
    // What a program prints, without a shell. The error is for "NAME cannot be asked: ...".
    std::function<Result<std::string>(const std::vector<std::string>& command)> run;
    // Where a program that `run` runs is. No value where it is nowhere.
    std::function<std::optional<std::filesystem::path>(const std::string& name)> find;
    // Room in the file system of a folder, for who is not root. No value where it cannot be told.
    std::function<std::optional<std::uint64_t>(const std::filesystem::path& folder)> free_bytes;
};

Host this_host();

// Of a small file. No value where it is missing or may not be read.
std::optional<std::string> contents(const std::filesystem::path& file);

bool is_readable(const std::filesystem::path& file);

// Without blanks and line ends around it.
std::string trimmed(std::string_view text);

struct Mount {
    std::string type;
    std::string options; // of the file system: "rw,hidepid=invisible"
};

// What is mounted at `point` according to the text of a mountinfo file: the last one hides the others.
std::optional<Mount> mount_at(const std::string& mountinfo, std::string_view point);

} // namespace dovewatch::terminal
