// The kernel's process connector: exec and exit of all processes, over netlink (linux/cn_proc.h).
#pragma once

#include "store/unique_fd.h"

#include <cstdint>
#include <functional>
#include <optional>

namespace dovewatch {

class ProcessConnector {
  public:
    // No value where it may not be used: it wants CAP_NET_ADMIN in the initial namespaces.
    static std::optional<ProcessConnector> open();

    // Readable when events wait.
    int fd() const { return socket_.get(); }

    // Hands over what waits. `on_exit` gets the status as wait(2) gives it. Returns false where the kernel
    // dropped events because they were not read in time.
    bool read(const std::function<void(std::int32_t pid)>& on_exec,
              const std::function<void(std::int32_t pid, int status)>& on_exit);

  private:
    explicit ProcessConnector(UniqueFd socket) : socket_(std::move(socket)) {}

    UniqueFd socket_;
};

} // namespace dovewatch
