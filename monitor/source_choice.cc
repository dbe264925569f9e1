#include "monitor/source_choice.h"

#include "monitor/failover_source.h"
#include "monitor/probe_source.h"
#include "monitor/proc_files.h"
#include "monitor/proc_source.h"
#include "store/log.h"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace dovewatch {

namespace {

constexpr std::array<std::pair<std::string_view, SourceKind>, 4> kinds{{
    {"auto", SourceKind::best},
    {"uprobe", SourceKind::uprobe},
    {"switch", SourceKind::by_switch},
    {"proc", SourceKind::proc},
}};

// Before they are taken over or replaced.
void look_after_pins(const std::filesystem::path& pins, const std::optional<Checkpoint>& stored) {
    if (stored && are_outlived(pins, *stored)) {
        abandon_pins(pins, stored);
    } else if (const auto settled = settle_pins(pins, stored); !settled) {
        log(Severity::warning, settled.error().message);
    }
}

Result<std::unique_ptr<Source>> start_polling(const ProbeOptions& options) {
    return start_proc_source(
        {.master_uid = options.master_uid, .proc = options.proc, .lda_uids = options.lda_uids});
}

Result<std::unique_ptr<Source>> start_probes(const ProbeOptions& options) {
    if (!is_in_initial_pid_namespace(options.proc)) {
        return failed(
            "the kernel probes see the process ids of the host, and this is a PID namespace of its own; "
            "run dovewatchd on the host, or set source = proc");
    }
    return start_probe_source(options);
}

} // namespace

std::optional<SourceKind> parse_source_kind(std::string_view name) {
    for (const auto& [word, kind] : kinds) {
        if (word == name) {
            return kind;
        }
    }
    return std::nullopt;
}

Result<std::unique_ptr<Source>> start_source(SourceKind kind, ProbeOptions options,
                                             const std::optional<Checkpoint>& stored) {
    const auto polling = [&] {
        if (options.pins) {
            abandon_pins(*options.pins, stored);
        }
        return start_polling(options);
    };
    if (kind == SourceKind::proc) {
        return polling();
    }
    if (options.pins) {
        look_after_pins(*options.pins, stored);
    }
    options.titles_by_switch = kind == SourceKind::by_switch;
    options.falls_back_to_switch = kind == SourceKind::best;
    auto probes = start_probes(options);
    if (kind != SourceKind::best) {
        return probes;
    }
    if (probes) {
        return make_failover_source(std::move(*probes), [options] { return start_polling(options); });
    }
    log(Severity::warning, fmt::format("{}. {}", probes.error().message, going_on_by_polling));
    return polling();
}

} // namespace dovewatch
