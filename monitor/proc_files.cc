#include "monitor/proc_files.h"

#include "store/number.h"

#include <cerrno>
#include <charconv>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dovewatch {

namespace {

constexpr std::string_view deleted_mark = " (deleted)";
constexpr int title_read_attempts = 5;

std::filesystem::path process_folder(const std::filesystem::path& proc, std::int32_t pid) {
    return proc / std::to_string(pid);
}

// The first number behind the label.
std::optional<std::uint64_t> number_in_status(const std::filesystem::path& file, std::string_view label,
                                              int base) {
    const auto status = read_file(file);
    const auto at = status ? status->find(label) : std::string::npos;
    if (at == std::string::npos) {
        return std::nullopt;
    }
    std::uint64_t number = 0;
    const auto [end, error] =
        std::from_chars(status->data() + at + label.size(), status->data() + status->size(), number, base);
    return error == std::errc() ? std::optional(number) : std::nullopt;
}

std::string_view take_word(std::string_view& text) {
    const auto begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) {
        return text = {};
    }
    text.remove_prefix(begin);
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    return word;
}

} // namespace

std::optional<std::string> read_file(const std::filesystem::path& file) {
    const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return std::nullopt;
    }
    std::string text;
    char buffer[4096];
    ssize_t got = 0;
    while ((got = read(fd, buffer, sizeof(buffer))) > 0 || (got < 0 && errno == EINTR)) {
        if (got > 0) {
            text.append(buffer, static_cast<std::size_t>(got));
        }
    }
    close(fd);
    if (got < 0) {
        return std::nullopt;
    }
    return text;
}

std::optional<Executable> read_executable(const std::filesystem::path& proc, std::int32_t pid) {
    const auto link = process_folder(proc, pid) / "exe";
    std::error_code error;
    auto name = std::filesystem::read_symlink(link, error).filename().string();
    struct stat status {};
    if (error || stat(link.c_str(), &status) != 0) {
        return std::nullopt;
    }
    if (name.ends_with(deleted_mark)) {
        name.resize(name.size() - deleted_mark.size());
    }
    return Executable{std::move(name), status.st_uid, status.st_mode};
}

bool is_root_owned(const Executable& executable, uid_t master_uid) {
    return (executable.owner == 0 || executable.owner == master_uid) &&
           (executable.mode & (S_IWGRP | S_IWOTH)) == 0;
}

bool is_set_id(const Executable& executable) {
    return (executable.mode & (S_ISUID | S_ISGID)) != 0;
}

std::optional<uid_t> read_real_uid(const std::filesystem::path& proc, std::int32_t pid) {
    const auto real = number_in_status(process_folder(proc, pid) / "status", "\nUid:\t", 10);
    return real ? std::optional(static_cast<uid_t>(*real)) : std::nullopt;
}

bool may_look_at_others(const std::filesystem::path& proc) {
    constexpr std::uint64_t ptrace = std::uint64_t{1} << 19U; // CAP_SYS_PTRACE
    const auto effective = number_in_status(proc / "self" / "status", "\nCapEff:\t", 16);
    return effective && (*effective & ptrace) != 0;
}

bool is_in_initial_pid_namespace(const std::filesystem::path& proc) {
    constexpr ino_t initial = 0xEFFFFFFC; // PROC_PID_INIT_INO in include/linux/proc_ns.h
    struct stat status {};
    return stat((proc / "self/ns/pid").c_str(), &status) == 0 && status.st_ino == initial;
}

std::string_view title_in_cmdline(std::string_view cmdline) {
    const auto argument = cmdline.substr(0, cmdline.find('\0'));
    const auto space = argument.find(' ');
    return space == std::string_view::npos ? std::string_view{} : argument.substr(space + 1);
}

std::optional<std::string> read_title(const std::filesystem::path& proc, std::int32_t pid) {
    const auto file = process_folder(proc, pid) / "cmdline";
    std::optional<std::string> before;
    for (int attempt = 0; attempt < title_read_attempts; attempt++) {
        auto cmdline = read_file(file);
        if (!cmdline || cmdline->empty()) {
            return std::nullopt;
        }
        std::string title(title_in_cmdline(*cmdline));
        if (before == title) {
            return title;
        }
        before = std::move(title);
    }
    return std::nullopt;
}

std::optional<ProcessStat> read_stat(const std::filesystem::path& proc, std::int32_t pid) {
    constexpr int fields_between_parent_and_start = 17;
    const auto text = read_file(process_folder(proc, pid) / "stat");
    const auto name_begin = text ? text->find('(') : std::string::npos;
    const auto name_end = text ? text->rfind(')') : std::string::npos;
    if (name_begin == std::string::npos || name_end == std::string::npos) {
        return std::nullopt;
    }
    auto rest = std::string_view(*text).substr(name_end + 1);
    take_word(rest); // the state
    const auto parent = parse_number<std::int32_t>(take_word(rest));
    for (int i = 0; i < fields_between_parent_and_start; i++) {
        take_word(rest);
    }
    const auto start = parse_number<std::int64_t>(take_word(rest));
    if (!parent || !start) {
        return std::nullopt;
    }
    return ProcessStat{text->substr(name_begin + 1, name_end - name_begin - 1), *parent, *start};
}

std::optional<MappedFile> find_mapping(std::string_view maps, std::string_view name) {
    while (!maps.empty()) {
        const auto end = maps.find('\n');
        auto line = maps.substr(0, end);
        maps.remove_prefix(end == std::string_view::npos ? maps.size() : end + 1);
        const auto slash = line.rfind('/');
        if (slash == std::string_view::npos || !line.substr(slash + 1).starts_with(name)) {
            continue;
        }
        auto path = line.substr(line.find('/'));
        if (path.ends_with(deleted_mark)) {
            path.remove_suffix(deleted_mark.size());
        }
        return MappedFile{std::string(line.substr(0, line.find(' '))), std::string(path)};
    }
    return std::nullopt;
}

} // namespace dovewatch
