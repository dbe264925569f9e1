#include "exporters/terminal/commands.h"
#include "exporters/terminal/exporter_status.h"
#include "exporters/terminal/human.h"
#include "exporters/terminal/records.h"
#include "exporters/terminal/time_zone.h"

#include <array>
#include <optional>
#include <string>

namespace dovewatch::terminal {
namespace {

namespace po = boost::program_options;

constexpr int exit_not_running = 3;

void add_options(po::options_description& /*options*/) {}

constexpr std::array fact_columns{Column{"", 10}, Column{}};
constexpr std::array counter_columns{Column{"stage", 8}, Column{"counter", 40}, Column{"count", 12, true},
                                     Column{}};
constexpr std::array verdict_columns{Column{}};

std::string time_and_age(UtcTime time, const Clock& clock) {
    fmt::memory_buffer text;
    append_local_time(text, time, clock.zone);
    return fmt::to_string(text) + " (" + human_duration(clock.now - time) + " ago)";
}

bool put_fact(RowSink& sink, std::string_view name, std::string_view text, Tone tone = Tone::plain) {
    return sink.row(std::array{Cell{name}, Cell{text, tone}});
}

bool put_running(RowSink& sink, const StoreStatus& status) {
    if (status.daemon_pid) {
        return put_fact(sink, "daemon", fmt::format("running (pid {})", *status.daemon_pid));
    }
    return put_fact(sink, "daemon", "not running: systemctl start dovewatchd", Tone::alarm);
}

std::optional<std::uint64_t> value_of(const DaemonStatus& daemon, std::string_view name) {
    for (const Counter& counter : daemon.counters) {
        if (counter.name == name) {
            return counter.value;
        }
    }
    return std::nullopt;
}

bool put_ring_buffer(RowSink& sink, const DaemonStatus& daemon) {
    const auto size = value_of(daemon, ring_bytes_counter);
    const auto peak = value_of(daemon, ring_peak_counter);
    if (!size || !peak || *size == 0) {
        return true;
    }
    const auto percent = static_cast<double>(*peak) * 100 / static_cast<double>(*size);
    return put_fact(sink, "buffer",
                    fmt::format("{:.1f} % full at most, of {} MiB", percent, *size / (1U << 20U)),
                    percent > 80 ? Tone::alarm : Tone::plain);
}

bool put_daemon(RowSink& sink, const DaemonStatus& daemon, const Clock& clock) {
    return put_fact(sink, "version", daemon.version) && put_fact(sink, "source", daemon.source) &&
           put_fact(sink, "started", time_and_age(daemon.started, clock)) &&
           put_fact(sink, "last event",
                    daemon.last_event ? time_and_age(*daemon.last_event, clock) : "none yet") &&
           put_ring_buffer(sink, daemon);
}

bool put_facts(const Context& context, const StoreStatus& status) {
    RowSink& sink = context.sink;
    sink.begin(fact_columns);
    const bool wanted = put_running(sink, status) &&
                        (!status.daemon || put_daemon(sink, *status.daemon, context.clock)) &&
                        put_fact(sink, "online", fmt::format("{} sessions", status.sessions_online)) &&
                        put_fact(sink, "database", context.database.native()) &&
                        put_fact(sink, "size", human_bytes(status.database_bytes));
    sink.end();
    return wanted;
}

bool put_counter(RowSink& sink, const Counter& counter) {
    const bool is_bad = counter.is_loss && counter.value > 0;
    const Tone tone = is_bad ? Tone::alarm : Tone::plain;
    return sink.row(std::array{Cell{counter.stage, tone}, Cell{counter.name, tone},
                               Cell{static_cast<std::int64_t>(counter.value), tone},
                               Cell{std::string_view(is_bad ? "LOST" : ""), tone}});
}

bool put_counters(RowSink& sink, const std::vector<Counter>& counters) {
    bool wanted = true;
    sink.begin(counter_columns);
    for (const Counter& counter : counters) {
        wanted = wanted && put_counter(sink, counter);
    }
    sink.end();
    return wanted;
}

bool put_verdict(RowSink& sink, std::uint64_t sum) {
    const std::string text = sum == 0 ? "nothing lost" : fmt::format("{} LOST", sum);
    sink.begin(verdict_columns);
    const bool wanted = sink.row(std::array{Cell{text, sum == 0 ? Tone::plain : Tone::alarm}});
    sink.end();
    return wanted;
}

// A sink that wants no more rows has failed: that is told when the output is flushed.
void put_page(const Context& context, const StoreStatus& status) {
    if (!put_facts(context, status) || !put_exporters(context, read_exporters(context)) || !status.daemon) {
        return;
    }
    const auto& counters = status.daemon->counters;
    if (put_counters(context.sink, counters)) {
        static_cast<void>(put_verdict(context.sink, lost(counters)));
    }
}

void put_record(const Context& context, StoreStatus status) {
    const auto exporters = read_exporters(context);
    if (status.daemon) {
        const auto more = as_counters(exporters, context.clock.now);
        auto& counters = status.daemon->counters;
        counters.insert(counters.end(), more.begin(), more.end());
    }
    const std::string errors = errors_of(exporters);
    context.sink.begin(status_fields);
    static_cast<void>(context.sink.row(record(status, context.database.native(), errors)));
    context.sink.end();
}

Result<int> show_status(const Context& context) {
    const auto status = context.reader.status();
    if (!status) {
        return tl::make_unexpected(status.error());
    }
    if (context.sink.audience() == Audience::person) {
        put_page(context, *status);
    } else {
        put_record(context, *status);
    }
    return status->daemon_pid ? 0 : exit_not_running;
}

Result<Job> prepare(const po::variables_map& /*values*/, const Clock& /*clock*/) {
    return Job(show_status);
}

} // namespace

constexpr Command status_command{"status",
                                 "",
                                 "",
                                 "whether the daemon runs, what it has seen and what it has lost",
                                 "Exit status: 0 the daemon runs, 3 it does not, 1 on errors.\n",
                                 add_options,
                                 prepare};

} // namespace dovewatch::terminal
