#include "exporters/terminal/daemon_notice.h"

#include "exporters/terminal/human.h"

#include <ostream>
#include <string>

namespace dovewatch::terminal {
namespace {

std::string last_seen(const StoreStatus& status, UtcTime now) {
    if (!status.daemon || !status.daemon->last_event) {
        return {};
    }
    return " (" + human_duration(now - *status.daemon->last_event) + " ago)";
}

} // namespace

Result<void> warn_unless_running(const Context& context) {
    const auto status = context.reader.status();
    if (!status) {
        return tl::make_unexpected(status.error());
    }
    if (!status->daemon_pid) {
        context.notices << "dovewatch: warning: dovewatchd is not running; this is what it last saw"
                        << last_seen(*status, context.clock.now)
                        << ". Start it: systemctl start dovewatchd\n";
    }
    return {};
}

} // namespace dovewatch::terminal
