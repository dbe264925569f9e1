#include "exporters/terminal/doctor_run.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dovewatch::terminal {
namespace {

using Instant = std::chrono::steady_clock::time_point;

std::chrono::milliseconds left_until(Instant deadline) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    return std::max(left, std::chrono::milliseconds{0});
}

// A running program and the pipe from its standard output. Kills and reaps it in the end.
class Child {
  public:
    static Result<Child> start(const std::string& file, const std::vector<std::string>& command);

    Child(Child&& other) noexcept
        : pid_(std::exchange(other.pid_, 0)), pipe_(std::exchange(other.pipe_, -1)) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    Child& operator=(Child&&) = delete;
    ~Child() {
        if (pid_ > 0) {
            kill(-pid_, SIGKILL);
            waitpid(pid_, nullptr, 0);
        }
        if (pipe_ >= 0) {
            close(pipe_);
        }
    }

    // All that it writes, or no value if it has not closed its output by then.
    std::optional<std::string> read_all(Instant deadline);

    // As waitpid(2) tells it, or no value if it still runs then.
    std::optional<int> wait(Instant deadline);

  private:
    Child(pid_t pid, int pipe) : pid_(pid), pipe_(pipe) {}

    pid_t pid_; // leads a process group of its own
    int pipe_;
};

// Input and errors are nobody's.
int spawn(pid_t& pid, const std::string& file, char* const* arguments, int output) {
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    const int error = posix_spawn(&pid, file.c_str(), &files, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

Result<Child> Child::start(const std::string& file, const std::vector<std::string>& command) {
    std::vector<std::string> copies = command;
    std::vector<char*> arguments;
    arguments.reserve(copies.size() + 1);
    for (std::string& argument : copies) {
        arguments.push_back(argument.data());
    }
    arguments.push_back(nullptr);
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        return unavailable(std::strerror(errno));
    }
    Child child(0, ends[0]);
    const int error = spawn(child.pid_, file, arguments.data(), ends[1]);
    close(ends[1]);
    if (error != 0) {
        child.pid_ = 0;
        return unavailable(std::strerror(error));
    }
    return child;
}

std::optional<std::string> Child::read_all(Instant deadline) {
    constexpr std::size_t enough = std::size_t{1} << 20;
    std::string text;
    std::array<char, 4096> piece{};
    while (text.size() < enough) {
        pollfd ready{pipe_, POLLIN, 0};
        if (poll(&ready, 1, static_cast<int>(left_until(deadline).count())) < 1) {
            return std::nullopt;
        }
        const ssize_t size = read(pipe_, piece.data(), piece.size());
        if (size <= 0) {
            break;
        }
        text.append(piece.data(), static_cast<std::size_t>(size));
    }
    return text;
}

std::optional<int> Child::wait(Instant deadline) {
    int status = 0;
    while (waitpid(pid_, &status, WNOHANG) == 0) {
        if (left_until(deadline).count() == 0) {
            return std::nullopt;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    pid_ = 0;
    return status;
}

Result<std::string> output_of(Child child, std::chrono::milliseconds limit) {
    const Instant deadline = std::chrono::steady_clock::now() + limit;
    auto text = child.read_all(deadline);
    const auto status = text ? child.wait(deadline) : std::nullopt;
    if (!status) {
        return unavailable(fmt::format("it took longer than {} ms", limit.count()));
    }
    if (!WIFEXITED(*status)) {
        return failed(fmt::format("it was killed by signal {}", WTERMSIG(*status)));
    }
    if (WEXITSTATUS(*status) != 0) {
        return failed(fmt::format("it ended with exit status {}", WEXITSTATUS(*status)));
    }
    return std::move(*text);
}

} // namespace

std::optional<std::filesystem::path> find_program(const std::string& name) {
    const char* path = std::getenv("PATH");
    std::istringstream folders(std::string(path == nullptr ? "/usr/bin" : path) +
                               ":/usr/local/sbin:/usr/sbin:/sbin");
    for (std::string folder; std::getline(folders, folder, ':');) {
        const std::filesystem::path file = std::filesystem::path(folder) / name;
        if (access(file.c_str(), X_OK) == 0) {
            return file;
        }
    }
    return std::nullopt;
}

Result<std::string> run_program(const std::vector<std::string>& command, std::chrono::milliseconds limit) {
    const auto file = find_program(command.front());
    if (!file) {
        return failed("it is not installed, or not in PATH");
    }
    auto child = Child::start(file->string(), command);
    if (!child) {
        return tl::make_unexpected(child.error());
    }
    return output_of(std::move(*child), limit);
}

} // namespace dovewatch::terminal
