// The reader's side of a BPF ring buffer, with a memory: what was read stays in the buffer until it is
// released, so that a reader that dies between reading and storing leaves its successor all that was not
// stored.
//
// Layout of the mapped memory: kernel/bpf/ringbuf.c; libbpf's own reader releases each record as it reads it.
#pragma once

#include "store/result.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace dovewatch {

// One reader at a time per buffer; not thread-safe. The map's descriptor must outlive the object.
class EventRing {
  public:
    [[nodiscard]] static Result<EventRing> open(int map_fd);

    ~EventRing();
    EventRing(EventRing&& other) noexcept;
    EventRing& operator=(EventRing&& other) noexcept;

    // Readable (poll, epoll) while there is something that was not released.
    int fd() const { return fd_; }

    // Hands each record that was not read yet to `take`; stops at one that is still being written.
    void read(const std::function<void(std::span<const std::byte>)>& take);

    // Passes over what was read before `position`, as an earlier reader's `position` gave it.
    void skip_to(std::uint64_t position);

    // Lets the kernel overwrite what was read.
    void release();

    // Bytes ever read; where a reader begins that calls `read` first.
    std::uint64_t position() const { return position_; }

    std::size_t size() const { return size_; }
    std::size_t used() const; // bytes that wait, released or not

  private:
    explicit EventRing(int fd, std::size_t size) : fd_(fd), size_(size) {}
    std::uint64_t producer_position() const;

    int fd_ = -1;
    std::size_t size_ = 0;
    void* consumer_page_ = nullptr;
    void* producer_pages_ = nullptr;
    std::uint64_t position_ = 0;
};

} // namespace dovewatch
