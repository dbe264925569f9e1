#include "exporters/terminal/doctor_host.h"

#include "exporters/terminal/doctor_run.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

namespace dovewatch::terminal {
namespace {

using Words = std::vector<std::string>;

// A line of mountinfo: id, parent, device, root, mount point, options, any number of tags, "-", type, source,
// options of the file system.
std::optional<Mount> mount_of(const Words& words, std::string_view point) {
    constexpr std::size_t point_field = 4;
    if (words.size() <= point_field || words[point_field] != point) {
        return std::nullopt;
    }
    const auto dash = std::find(words.begin() + point_field, words.end(), "-");
    if (std::distance(dash, words.end()) < 4) {
        return std::nullopt;
    }
    return Mount{dash[1], dash[3]};
}

std::optional<std::uint64_t> free_bytes_of(const std::filesystem::path& folder) {
    std::error_code error;
    const auto space = std::filesystem::space(folder, error);
    return error ? std::nullopt : std::optional<std::uint64_t>(space.available);
}

} // namespace

Host this_host() {
    return {"/proc", "/sys", [](const Words& command) { return run_program(command); }, find_program,
            free_bytes_of};
}

std::optional<std::string> contents(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    return in.is_open() && !in.bad() ? std::optional(std::move(text)) : std::nullopt;
}

bool is_readable(const std::filesystem::path& file) {
    std::ifstream in(file);
    return in.get() != std::ifstream::traits_type::eof();
}

std::string trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return std::string(text.substr(first, text.find_last_not_of(blanks) - first + 1));
}

std::optional<Mount> mount_at(const std::string& mountinfo, std::string_view point) {
    std::optional<Mount> found;
    std::istringstream lines(mountinfo);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream in(line);
        const Words words{std::istream_iterator<std::string>(in), {}};
        if (auto mount = mount_of(words, point)) {
            found = std::move(mount);
        }
    }
    return found;
}

} // namespace dovewatch::terminal
