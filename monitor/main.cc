// dovewatchd: watches Dovecot and writes the database.
#include "monitor/clock.h"
#include "monitor/daemon.h"
#include "monitor/options.h"
#include "monitor/source_choice.h"
#include "store/lock_file.h"
#include "store/log.h"
#include "store/writer.h"

#include <iostream>

namespace {

using namespace dovewatch;

Result<void> resume(Daemon& daemon, const Writer& writer) {
    return writer.next_session_id().and_then([&](std::int64_t next_id) {
        return writer.open_sessions().and_then([&](const std::vector<Session>& open) {
            return writer.checkpoint().map(
                [&](const auto& reached) { daemon.resume(next_id, open, reached); });
        });
    });
}

Result<void> watch(const DaemonOptions& options) {
    block_daemon_signals();
    auto writer = Writer::open(options.database);
    if (!writer) {
        return tl::make_unexpected(writer.error());
    }
    auto source = (*writer)->checkpoint().and_then(
        [&](const auto& reached) { return start_source(options.source, options.probes, reached); });
    if (!source) {
        return tl::make_unexpected(source.error());
    }
    Daemon daemon(**source, **writer,
                  {read_boot_id(), options.commit_interval, options.classifier, options.retention});
    return resume(daemon, **writer).and_then([&] { return daemon.run(); });
}

Result<void> unload(const DaemonOptions& options) {
    const auto lock = LockFile::acquire(options.database.string() + ".lock");
    if (!lock) {
        return tl::make_unexpected(lock.error());
    }
    return remove_pins(pin_folder(options.database)).map([](bool removed) {
        log(Severity::info, removed ? "the kernel probes are gone" : "there were no kernel probes to remove");
    });
}

} // namespace

int main(int argc, char** argv) {
    const auto options = parse_daemon_options(argc, argv, std::cout);
    if (options && !*options) {
        return 0;
    }
    const auto done = options.and_then(
        [](const auto& parsed) { return parsed->unload ? unload(*parsed) : watch(*parsed); });
    if (done) {
        return 0;
    }
    log(Severity::error, done.error().message);
    return exit_status(done.error());
}
