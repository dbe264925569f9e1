// dovewatchd: watches Dovecot and writes the database.
#include "monitor/daemon.h"
#include "monitor/log.h"
#include "monitor/options.h"
#include "monitor/probe_source.h"
#include "monitor/tracker.h"
#include "store/writer.h"

#include <csignal>
#include <iostream>

namespace {

using namespace dovewatch;

void block_stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Result<void> watch(const DaemonOptions& options) {
    block_stop_signals();
    auto writer = Writer::open(options.database);
    if (!writer)
        return tl::make_unexpected(writer.error());
    const auto first_id = (*writer)->next_session_id();
    const auto open_sessions = (*writer)->open_sessions();
    for (const auto* error :
         {first_id ? nullptr : &first_id.error(), open_sessions ? nullptr : &open_sessions.error()})
        if (error)
            return tl::make_unexpected(*error);
    auto source = start_probe_source(options.probes);
    if (!source)
        return tl::make_unexpected(source.error());
    Tracker tracker(*first_id);
    tracker.restore(*open_sessions);
    return Daemon(**source, **writer, std::move(tracker), options.commit_interval).run();
}

} // namespace

int main(int argc, char** argv) {
    const auto options = parse_daemon_options(argc, argv, std::cout);
    if (options && !*options)
        return 0;
    const auto watched = options.and_then([](const auto& parsed) { return watch(*parsed); });
    if (watched)
        return 0;
    log(Severity::error, watched.error().message);
    return exit_status(watched.error());
}
