#include "exporters/terminal/commands.h"

#include <array>
#include <string>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace dovewatch::terminal {
namespace {

namespace po = boost::program_options;

constexpr std::array columns{Column{"day", 10},
                             Column{"class", 12},
                             Column{"logins", 10, true},
                             Column{"users", 10, true},
                             Column{"peak_online", 11, true},
                             Column{"bytes", 15, true}};

void add_options(po::options_description& /*options*/) {}

bool put(RowSink& sink, const DaySummary& summary) {
    const std::string day = fmt::format("{:%Y-%m-%d}", std::chrono::sys_seconds(summary.day));
    return sink.row(std::array{Cell{std::string_view(day)}, Cell{std::string_view(summary.service_class)},
                               Cell{summary.logins}, Cell{summary.users}, Cell{summary.peak_online},
                               Cell{summary.bytes}});
}

Result<int> show_summary(const Context& context) {
    context.sink.begin(columns);
    const auto read =
        context.reader.summaries([&](const DaySummary& summary) { return put(context.sink, summary); });
    if (!read) {
        return tl::make_unexpected(read.error());
    }
    context.sink.end();
    return 0;
}

Result<Job> prepare(const po::variables_map& /*values*/, const Clock& /*clock*/) {
    return Job(show_summary);
}

} // namespace

constexpr Command summary_command{
    "summary",
    "",
    "",
    "what each day brought to each service class",
    "Days are UTC. Logins are deliveries for lmtp and lda; bytes are those that\n"
    "Dovecot's statistics told. It outlives the sessions that it sums up.\n",
    add_options,
    prepare};

} // namespace dovewatch::terminal
