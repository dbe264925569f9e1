#include "exporters/terminal/user_mailbox.h"

#include "exporters/table/background_counter.h"
#include "exporters/table/mail_location.h"

namespace dovewatch::terminal {
namespace {

constexpr std::chrono::seconds time_limit{2};

Result<table::MailLocation> location_of(const std::string& user,
                                        const boost::program_options::variables_map& settings) {
    return table::LocationTemplate::parse(settings["mail-location"].as<std::string>(),
                                          settings["mail-home"].as<std::string>(),
                                          settings["mail-subfolders"].as<std::string>() == "yes")
        .and_then([&](const table::LocationTemplate& location) { return location.expand(user); });
}

} // namespace

table::MailboxSize mailbox_of(const std::string& user,
                              const boost::program_options::variables_map& settings) {
    if (settings["mail-location"].as<std::string>().empty()) {
        return {{}, {}, "set mail-location"};
    }
    const auto location = location_of(user, settings);
    if (!location) {
        return {{}, {}, location.error().message};
    }
    return table::count_mailbox_within(table::system_mail_folders(), *location, time_limit);
}

} // namespace dovewatch::terminal
