// What the configuration says of the spool folder.
#pragma once

#include "store/model.h"

#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include <sys/types.h>

namespace dovewatch {

struct SpoolOptions {
    std::filesystem::path folder = "/var/spool/dovestats";

    // Of the files; where not set, a file keeps what it has, and a new one gets those of the process.
    std::optional<uid_t> owner;
    std::optional<gid_t> group;

    std::set<Service> services{Service::pop3}; // whose sessions count

    // In place of the statistics of a session whose logout line was not seen. One line.
    std::string missing_statistics = "top=?/?, retr=?/?, del=?/?, size=?";

    // The files of users with open sessions get the present time as their mtime, each minute.
    bool touch_online = false;
};

} // namespace dovewatch
