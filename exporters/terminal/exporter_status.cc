#include "exporters/terminal/exporter_status.h"

#include "exporters/terminal/human.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>

#include <fmt/format.h>

namespace dovewatch::terminal {
namespace {

constexpr std::array columns{Column{"exporter", 10}, Column{"behind", 22}, Column{"delivered", 12, true},
                             Column{"failed", 8, true}, Column{"last error"}};

std::uint64_t seconds_behind(const Backlog& backlog, UtcTime now) {
    const auto late = std::chrono::floor<std::chrono::seconds>(now - backlog.oldest.value_or(now));
    return static_cast<std::uint64_t>(std::max<std::int64_t>(late.count(), 0));
}

std::string behind(const ExporterLine& line, UtcTime now) {
    const auto& [status, backlog] = line;
    const std::string waiting = status.waiting == 0
                                    ? std::string()
                                    : fmt::format("{} {} to be written", status.waiting,
                                                  status.waiting == 1 ? "user waits" : "users wait");
    if (backlog.rows == 0) {
        return waiting.empty() ? "nothing" : waiting;
    }
    return fmt::format("{} rows, {}{}{}", backlog.rows, human_duration(now - backlog.oldest.value_or(now)),
                       waiting.empty() ? "" : "; ", waiting);
}

bool put_line(RowSink& sink, const ExporterLine& line, UtcTime now) {
    const Tone tone = line.status.error.empty() ? Tone::plain : Tone::alarm;
    const std::string late = behind(line, now);
    return sink.row(std::array{Cell{line.status.name, tone}, Cell{late, tone},
                               Cell{static_cast<std::int64_t>(line.status.delivered), tone},
                               Cell{static_cast<std::int64_t>(line.status.failed), tone},
                               Cell{std::string_view(line.status.error), tone}});
}

} // namespace

std::vector<ExporterLine> read_exporters(const Context& context) {
    const auto known = read_export_state(context.settings["export-state"].as<std::string>());
    if (!known) {
        context.notices << "the exporters are not shown: " << known.error().message << '\n';
        return {};
    }
    std::vector<ExporterLine> exporters;
    for (const ExporterStatus& status : known->value_or(std::vector<ExporterStatus>{})) {
        const auto backlog = context.reader.backlog(status.cursor);
        exporters.push_back({status, backlog.value_or(Backlog{})});
    }
    return exporters;
}

std::string errors_of(const std::vector<ExporterLine>& exporters) {
    std::string errors;
    for (const auto& [status, backlog] : exporters) {
        if (!status.error.empty()) {
            errors += fmt::format("{}{}: {}", errors.empty() ? "" : "; ", status.name, status.error);
        }
    }
    return errors;
}

std::vector<Counter> as_counters(const std::vector<ExporterLine>& exporters, UtcTime now) {
    std::vector<Counter> counters;
    for (const auto& [status, backlog] : exporters) {
        counters.push_back({status.name, "rows behind", backlog.rows, false});
        counters.push_back({status.name, "seconds behind", seconds_behind(backlog, now), false});
        counters.push_back({status.name, "rows delivered", status.delivered, false});
        counters.push_back({status.name, "attempts failed", status.failed, false});
        counters.insert(counters.end(), status.counters.begin(), status.counters.end());
    }
    return counters;
}

bool put_exporters(const Context& context, const std::vector<ExporterLine>& exporters) {
    if (exporters.empty()) {
        return true;
    }
    bool wanted = true;
    context.sink.begin(columns);
    for (const ExporterLine& line : exporters) {
        wanted = wanted && put_line(context.sink, line, context.clock.now);
    }
    context.sink.end();
    return wanted;
}

} // namespace dovewatch::terminal
