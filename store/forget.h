// Removes a person from the database.
#pragma once

#include "store/result.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace dovewatch {

struct Forgotten {
    std::uint64_t sessions = 0;
    std::uint64_t deliveries = 0;
    std::uint64_t last_logins = 0;
    std::uint64_t still_online = 0; // sessions that were left, because the daemon would write them again
};

// All rows of the user, in small transactions, beside the running daemon or without it; what they said is
// overwritten in the file, and its log emptied where no reader holds it. Day summaries name nobody and stay.
// Where a session is online, it and the last logins are left: to be called again after its end. Needs write
// permission on the database.
Result<Forgotten> forget_user(const std::filesystem::path& file, const std::string& user);

} // namespace dovewatch
