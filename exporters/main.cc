// dovewatch-export: carries the store's changes to other readers.
#include "exporters/export_options.h"
#include "exporters/export_state.h"
#include "exporters/exporter_list.h"
#include "exporters/exporter_loop.h"
#include "store/lock_file.h"
#include "store/log.h"
#include "store/stop_signals.h"
#include "store/unique_fd.h"

#include <iostream>
#include <thread>
#include <vector>

#include <sys/eventfd.h>

namespace {

using namespace dovewatch;

using Exporters = std::vector<std::unique_ptr<Exporter>>;

Result<Exporters> make_exporters(const ExportOptions& options) {
    Exporters exporters;
    for (const std::string& name : options.names) {
        auto made = make_exporter(name, options.values);
        if (!made) {
            return tl::make_unexpected(made.error());
        }
        exporters.push_back(std::move(*made));
    }
    return exporters;
}

// The stop signals are blocked. An exporter whose settings are wrong ends the program; the others are stopped
// in good order.
Result<void> export_all(const Exporters& exporters, const ExporterPlace& place) {
    const UniqueFd stop(eventfd(0, EFD_CLOEXEC));
    std::vector<Result<void>> outcomes(exporters.size());
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < exporters.size(); ++i) {
        threads.emplace_back([&, i] {
            outcomes[i] = export_until(stop.get(), *exporters[i], place);
            kill(getpid(), outcomes[i] ? 0 : SIGTERM);
        });
    }
    const sigset_t signals = stop_signals();
    int signal = 0;
    sigwait(&signals, &signal);
    eventfd_write(stop.get(), 1);
    threads.clear();
    for (const auto& outcome : outcomes) {
        if (!outcome) {
            return outcome;
        }
    }
    return {};
}

Result<void> run(const ExportOptions& options) {
    if (options.mode == ExportMode::service) {
        block_stop_signals();
    }
    const auto lock = LockFile::acquire(options.place.state.string() + ".lock");
    if (!lock) {
        return tl::make_unexpected(lock.error());
    }
    if (const auto state = open_export_state(options.place.state); !state) {
        return tl::make_unexpected(state.error());
    }
    const auto exporters = make_exporters(options);
    if (!exporters) {
        return tl::make_unexpected(exporters.error());
    }
    switch (options.mode) {
    case ExportMode::once:
        return export_once(*exporters->front(), options.place);
    case ExportMode::replay:
        return export_again(*exporters->front(), options.place, options.since);
    case ExportMode::skip:
        return export_from_now(*exporters->front(), options.place);
    case ExportMode::service:
        break;
    }
    return export_all(*exporters, options.place);
}

} // namespace

int main(int argc, char** argv) {
    const auto options = parse_export_options(argc, argv, std::cout);
    if (options && !*options) {
        return 0;
    }
    const auto done = options.and_then([](const auto& parsed) { return run(*parsed); });
    if (done) {
        return 0;
    }
    log(Severity::error, done.error().message);
    return exit_status(done.error());
}
