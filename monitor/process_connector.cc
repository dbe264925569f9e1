#include "monitor/process_connector.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sys/socket.h>

namespace dovewatch {

namespace {

constexpr int receive_buffer_bytes = 4 << 20;

bool subscribe(int socket) {
    struct {
        nlmsghdr header;
        std::array<std::byte, sizeof(cn_msg) + sizeof(proc_cn_mcast_op)> body;
    } message{};
    cn_msg connector{};
    connector.id.idx = CN_IDX_PROC;
    connector.id.val = CN_VAL_PROC;
    connector.len = sizeof(proc_cn_mcast_op);
    const proc_cn_mcast_op operation = PROC_CN_MCAST_LISTEN;
    std::memcpy(message.body.data(), &connector, sizeof(connector));
    std::memcpy(message.body.data() + sizeof(connector), &operation, sizeof(operation));
    message.header.nlmsg_len = sizeof(message);
    message.header.nlmsg_type = NLMSG_DONE;
    return send(socket, &message, sizeof(message), 0) == static_cast<ssize_t>(sizeof(message));
}

} // namespace

std::optional<ProcessConnector> ProcessConnector::open() {
    UniqueFd socket(::socket(PF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR));
    if (!socket) {
        return std::nullopt;
    }
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer_bytes, sizeof(receive_buffer_bytes));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = CN_IDX_PROC;
    if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        !subscribe(socket.get())) {
        return std::nullopt;
    }
    return ProcessConnector(std::move(socket));
}

bool ProcessConnector::read(const std::function<void(std::int32_t)>& on_exec,
                            const std::function<void(std::int32_t, int)>& on_exit) {
    alignas(nlmsghdr) std::array<std::byte, 8192> buffer{};
    bool complete = true;
    for (;;) {
        sockaddr_nl sender{};
        socklen_t sender_size = sizeof(sender);
        const ssize_t got = recvfrom(socket_.get(), buffer.data(), buffer.size(), 0,
                                     reinterpret_cast<sockaddr*>(&sender), &sender_size);
        if (got < 0 && (errno == ENOBUFS || errno == EINTR)) {
            complete = complete && errno != ENOBUFS;
            continue;
        }
        if (got <= 0) {
            return complete;
        }
        constexpr std::size_t offset = NLMSG_HDRLEN + sizeof(cn_msg);
        // Only the kernel's own port is 0: other programs may send to the group.
        if (sender.nl_pid != 0 || static_cast<std::size_t>(got) < offset + offsetof(proc_event, event_data)) {
            continue;
        }
        proc_event event{};
        std::memcpy(&event, buffer.data() + offset,
                    std::min(sizeof(event), static_cast<std::size_t>(got) - offset));
        if (event.what == proc_event::PROC_EVENT_EXEC) {
            on_exec(event.event_data.exec.process_tgid);
        } else if (event.what == proc_event::PROC_EVENT_EXIT &&
                   event.event_data.exit.process_pid == event.event_data.exit.process_tgid) {
            on_exit(event.event_data.exit.process_tgid, static_cast<int>(event.event_data.exit.exit_code));
        }
    }
}

} // namespace dovewatch
