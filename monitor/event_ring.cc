#include "monitor/event_ring.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

namespace dovewatch {

namespace {

std::size_t page_size() {
    return static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// The data follows the producer's page, mapped twice in a row so that no record is ever split.
std::size_t producer_bytes(std::size_t size) {
    return page_size() + 2 * size;
}

std::uint64_t round_up_to_8(std::uint64_t size) {
    return (size + 7) / 8 * 8;
}

} // namespace

Result<EventRing> EventRing::open(int map_fd) {
    bpf_map_info info{};
    __u32 info_size = sizeof(info);
    if (bpf_obj_get_info_by_fd(map_fd, &info, &info_size) != 0 || info.type != BPF_MAP_TYPE_RINGBUF) {
        return failed(fmt::format("cannot look at the ring buffer of the probes: {}", std::strerror(errno)));
    }
    EventRing ring(map_fd, info.max_entries);
    ring.consumer_page_ = mmap(nullptr, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
    ring.producer_pages_ = mmap(nullptr, producer_bytes(ring.size_), PROT_READ, MAP_SHARED, map_fd,
                                static_cast<off_t>(page_size()));
    for (void** pages : {&ring.consumer_page_, &ring.producer_pages_}) {
        if (*pages == MAP_FAILED) {
            *pages = nullptr;
            return failed(fmt::format("cannot map the ring buffer of the probes: {}", std::strerror(errno)));
        }
    }
    ring.position_ = __atomic_load_n(static_cast<std::uint64_t*>(ring.consumer_page_), __ATOMIC_ACQUIRE);
    return ring;
}

EventRing::~EventRing() {
    if (consumer_page_) {
        munmap(consumer_page_, page_size());
    }
    if (producer_pages_) {
        munmap(producer_pages_, producer_bytes(size_));
    }
}

EventRing::EventRing(EventRing&& other) noexcept
    : fd_(other.fd_), size_(other.size_), consumer_page_(std::exchange(other.consumer_page_, nullptr)),
      producer_pages_(std::exchange(other.producer_pages_, nullptr)), position_(other.position_) {}

EventRing& EventRing::operator=(EventRing&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(size_, other.size_);
    std::swap(consumer_page_, other.consumer_page_);
    std::swap(producer_pages_, other.producer_pages_);
    std::swap(position_, other.position_);
    return *this;
}

std::uint64_t EventRing::producer_position() const {
    return __atomic_load_n(static_cast<const std::uint64_t*>(producer_pages_), __ATOMIC_ACQUIRE);
}

void EventRing::read(const std::function<void(std::span<const std::byte>)>& take) {
    const auto* data = static_cast<const std::byte*>(producer_pages_) + page_size();
    while (position_ < producer_position()) {
        const auto* record = data + (position_ & (size_ - 1));
        const auto header = __atomic_load_n(reinterpret_cast<const std::uint32_t*>(record), __ATOMIC_ACQUIRE);
        if (header & BPF_RINGBUF_BUSY_BIT) {
            return;
        }
        const std::uint32_t size = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
        if (!(header & BPF_RINGBUF_DISCARD_BIT)) {
            take({record + BPF_RINGBUF_HDR_SZ, size});
        }
        position_ += round_up_to_8(size + BPF_RINGBUF_HDR_SZ);
    }
}

void EventRing::skip_to(std::uint64_t position) {
    position_ = std::clamp(position, position_, producer_position());
}

void EventRing::release() {
    __atomic_store_n(static_cast<std::uint64_t*>(consumer_page_), position_, __ATOMIC_RELEASE);
}

std::size_t EventRing::used() const {
    const auto released =
        __atomic_load_n(static_cast<const std::uint64_t*>(consumer_page_), __ATOMIC_ACQUIRE);
    return static_cast<std::size_t>(producer_position() - released);
}

} // namespace dovewatch
