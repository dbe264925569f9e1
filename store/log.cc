#include "store/log.h"

#include <cerrno>
#include <cstdlib>
#include <string>

#include <fmt/format.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

namespace dovewatch {

namespace {

std::string_view priority(Severity severity) {
    switch (severity) {
    case Severity::info:
        return SD_INFO;
    case Severity::warning:
        return SD_WARNING "warning: ";
    case Severity::error:
        return SD_ERR "error: ";
    }
    return {};
}

void append_escaped(std::string& line, std::string_view message) {
    for (const char c : message) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            line += fmt::format("\\x{:02x}", byte);
        } else {
            line += c;
        }
    }
}

} // namespace

void log(Severity severity, std::string_view message) {
    static const bool to_journal = std::getenv("JOURNAL_STREAM") != nullptr;
    const auto prefix = priority(severity);
    const auto priority_size = std::string_view(SD_INFO).size();
    std::string line =
        to_journal ? std::string(prefix)
                   : fmt::format("{}: {}", program_invocation_short_name, prefix.substr(priority_size));
    append_escaped(line, message);
    line += '\n';
    [[maybe_unused]] const auto written = write(STDERR_FILENO, line.data(), line.size());
}

} // namespace dovewatch
