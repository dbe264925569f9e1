// Whether Dovecot is configured so that sessions can be seen. Asks for the default configuration.
#include "exporters/terminal/doctor_check.h"

#include <array>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dovewatch::terminal {
namespace {

Result<std::string> setting(const Patient& patient, const std::string& name) {
    auto value = patient.host.run({"doveconf", "-h", name});
    if (!value) {
        return tl::make_unexpected(value.error());
    }
    return trimmed(*value);
}

std::optional<Finding> check_titles(const Patient& patient) {
    const auto value = setting(patient, "verbose_proctitle");
    if (!value) {
        return warning(fmt::format("`doveconf` cannot be asked: {}", value.error().message),
                       "see what `doveconf verbose_proctitle` says: it must be yes");
    }
    if (*value == "yes") {
        return ok("yes");
    }
    return problem(
        "it is off, so Dovecot shows no users and no session is seen",
        "add the line `verbose_proctitle = yes` to /etc/dovecot/dovecot.conf, then doveadm reload");
}

// 0 stands for default_client_limit, which no one sets to 1.
bool shares_processes(const std::string& client_limit) {
    return !client_limit.empty() && client_limit != "1";
}

// An answer that is empty, or none, is one of a Dovecot without that service.
std::optional<Finding> check_client_limits(const Patient& patient) {
    std::vector<std::string> shared;
    bool is_known = false;
    for (const std::string service : {"imap", "pop3", "submission"}) {
        const auto limit = setting(patient, "service/" + service + "/client_limit").value_or("");
        is_known = is_known || !limit.empty();
        if (shares_processes(limit)) {
            shared.push_back(fmt::format("{} ({})", service, limit));
        }
    }
    if (!is_known) {
        return std::nullopt;
    }
    if (shared.empty()) {
        return ok("1: each session has a process to itself");
    }
    return warning(fmt::format("more than 1 for {}: sessions in the same process cannot be told apart",
                               fmt::join(shared, ", ")),
                   "set client_limit = 1 in these services, which is Dovecot's default");
}

std::optional<Finding> check_hibernation(const Patient& patient) {
    const auto value = setting(patient, "imap_hibernate_timeout").value_or("");
    if (value.empty()) {
        return std::nullopt;
    }
    if (value == "0" || value.starts_with("0 ") || value == "0s" || value == "infinite") {
        return ok("off");
    }
    return ok(fmt::format("after {}; the end of a session that ends hibernated is estimated", value));
}

} // namespace

std::span<const Check> setting_checks() {
    static constexpr std::array all{
        Check{"verbose_proctitle", check_titles},
        Check{"client_limit", check_client_limits},
        Check{"hibernation", check_hibernation},
    };
    return all;
}

} // namespace dovewatch::terminal
