// One commit's changes, brought down to the rows that must be written.
#pragma once

#include "store/model.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace dovewatch {

// Points into the changes that it was made from: must not outlive them.
struct Batch {
    struct SessionRow {
        const Session* session; // as the last change has it
        bool began;             // within these changes: the database does not know it yet
    };

    struct LastLoginRow {
        const std::string* user = nullptr;
        const std::string* service_class = nullptr;
        UtcTime at{};
        const std::optional<Address>* address = nullptr;
        std::int64_t count = 0;
    };

    std::vector<SessionRow> sessions; // each once, in order of their first change
    std::vector<const Delivery*> deliveries;
    std::vector<LastLoginRow> last_logins; // each user and class once, in the order of the table's key
};

Batch make_batch(std::span<const SessionChange> changes);

} // namespace dovewatch
