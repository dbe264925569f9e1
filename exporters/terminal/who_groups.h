// Sessions, a line per user and service, as `doveadm who` shows them.
#pragma once

#include "exporters/terminal/row_sink.h"
#include "store/model.h"

#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace dovewatch::terminal {

// Takes sessions sorted by user. Keeps one user's at a time.
class WhoGroups {
  public:
    // Begins the table.
    explicit WhoGroups(RowSink& sink);

    // False when nobody takes the rows any more.
    [[nodiscard]] bool add(const Session& session);

    // Ends the table.
    void end();

  private:
    struct Group {
        Service service = Service::imap;
        std::int64_t sessions = 0;
        std::int64_t hibernated = 0; // these have no process that the pids could name
        std::vector<std::int32_t> pids;
        std::vector<Address> addresses;
    };

    Group& group_of(Service service);
    bool put_groups();
    bool put(Group& group);

    RowSink& sink_;
    std::string user_;
    std::vector<Group> groups_; // the first `used_` are the user's; the others wait for the next one
    std::size_t used_ = 0;
    fmt::memory_buffer pids_text_;
    fmt::memory_buffer addresses_text_;
};

} // namespace dovewatch::terminal
