#include "exporters/terminal/doctor.h"

#include "exporters/terminal/doctor_check.h"

#include <array>

#include <fmt/format.h>

namespace dovewatch::terminal {
namespace {

namespace po = boost::program_options;

constexpr int exit_warning = 4;
constexpr int exit_problem = 5;

constexpr std::array person_columns{Column{"result", 7}, Column{"check", 17}, Column{"finding"}};
constexpr std::array program_columns{Column{"check"}, Column{"result"}, Column{"finding"}, Column{"mend"}};
constexpr std::array verdict_columns{Column{}};

void add_options(po::options_description& /*options*/) {}

Tone tone_of(Verdict verdict) {
    switch (verdict) {
    case Verdict::ok:
        return Tone::dim;
    case Verdict::warning:
        return Tone::plain;
    case Verdict::problem:
        break;
    }
    return Tone::alarm;
}

bool put_line(RowSink& sink, std::string_view check, const Finding& finding) {
    const Tone tone = tone_of(finding.verdict);
    const std::string text =
        finding.mend.empty() ? finding.found : fmt::format("{} -> {}", finding.found, finding.mend);
    return sink.row(std::array{Cell{to_string(finding.verdict), tone}, Cell{check, tone}, Cell{text, tone}});
}

bool put_record(RowSink& sink, std::string_view check, const Finding& finding) {
    const Value mend = finding.mend.empty() ? Value{} : Value{finding.mend};
    return sink.row(
        std::array{Cell{check}, Cell{to_string(finding.verdict)}, Cell{finding.found}, Cell{mend}});
}

class Report {
  public:
    explicit Report(RowSink& sink) : sink_(sink), is_for_person_(sink.audience() == Audience::person) {
        if (is_for_person_) {
            sink_.begin(person_columns);
        } else {
            sink_.begin(program_columns);
        }
    }

    void add(std::string_view check, const Finding& finding) {
        warnings_ += finding.verdict == Verdict::warning ? 1 : 0;
        problems_ += finding.verdict == Verdict::problem ? 1 : 0;
        const auto put = is_for_person_ ? put_line : put_record;
        wanted_ = wanted_ && put(sink_, check, finding);
    }

    // Returns the exit status.
    int end() {
        sink_.end();
        if (is_for_person_ && wanted_) {
            put_verdict();
        }
        return problems_ > 0 ? exit_problem : warnings_ > 0 ? exit_warning : 0;
    }

  private:
    void put_verdict() {
        const std::string text = problems_ + warnings_ == 0
                                     ? "all is well"
                                     : fmt::format("problems: {}, warnings: {}", problems_, warnings_);
        sink_.begin(verdict_columns);
        static_cast<void>(sink_.row(std::array{Cell{text, problems_ > 0 ? Tone::alarm : Tone::plain}}));
        sink_.end();
    }

    RowSink& sink_;
    bool is_for_person_;
    bool wanted_ = true; // a sink that wants no more rows has failed: that is told when it is flushed
    int warnings_ = 0;
    int problems_ = 0;
};

uid_t master_uid(const po::variables_map& settings) {
    const auto found = settings.find("master-uid");
    return found == settings.end() ? 0 : found->second.as<std::uint32_t>();
}

Result<Job> prepare(const po::variables_map& /*values*/, const Clock& /*clock*/) {
    return Job([](const Context& context) { return examine(context, this_host()); });
}

} // namespace

Result<int> examine(const Context& context, const Host& host) {
    const Patient patient =
        patient_of(host, context.reader, context.database, context.clock.now, master_uid(context.settings));
    Report report(context.sink);
    for (const auto checks :
         {kernel_checks(), process_checks(), dovecot_checks(), setting_checks(), store_checks()}) {
        for (const Check& check : checks) {
            if (const auto finding = check.examine(patient)) {
                report.add(check.name, *finding);
            }
        }
    }
    return report.end();
}

constexpr Command doctor_command{
    "doctor",
    "",
    "",
    "what on this host keeps Dovewatch from its work, and how to mend it",
    "Run it as root: others cannot check all. Dovecot's settings are those of its\n"
    "default configuration.\n"
    "Exit status: 0 all is well, 4 at least one warning, 5 at least one problem,\n"
    "1 on errors.\n",
    add_options,
    prepare,
    true};

} // namespace dovewatch::terminal
