// One commit's changes, brought down to the rows that must be written.
#pragma once

#include "store/model.h"

#include <cstddef>
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
        const Session* began;   // within these changes, as it began; null: the database knows it already
        bool only_amended;      // it ended before; where the database has it no more, it was forgotten
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

    // The row of this user and class; there is one for each session that began and for each delivery.
    std::size_t last_login_of(const std::string& user, const std::string& service_class) const;
};

Batch make_batch(std::span<const SessionChange> changes);

} // namespace dovewatch
