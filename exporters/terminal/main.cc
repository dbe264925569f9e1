#include "exporters/terminal/cli.h"

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>

#include <unistd.h>

namespace {

bool wants_colours(bool is_terminal) {
    const char* no_color = std::getenv("NO_COLOR"); // https://no-color.org
    const char* terminal = std::getenv("TERM");
    return is_terminal && (no_color == nullptr || *no_color == '\0') &&
           (terminal == nullptr || std::string_view(terminal) != "dumb");
}

int run(const std::vector<std::string>& arguments) {
    using namespace dovewatch;
    const bool is_terminal = isatty(STDOUT_FILENO) == 1;
    return terminal::run(
        arguments, {std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()),
                    terminal::TimeZone::local(), STDOUT_FILENO, is_terminal, wants_colours(is_terminal),
                    std::cerr, [](const std::filesystem::path& file) { return Reader::open(file); }});
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_DFL); // `dovewatch last | head` ends quietly, whoever started it
    try {
        return run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::cerr << "dovewatch: " << error.what() << '\n';
        return 1;
    }
}
