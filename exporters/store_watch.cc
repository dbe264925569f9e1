#include "exporters/store_watch.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace dovewatch {

Result<StoreWatch> StoreWatch::open(const std::filesystem::path& database) {
    const auto folder = database.has_parent_path() ? database.parent_path() : std::filesystem::path(".");
    UniqueFd inotify(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!inotify || inotify_add_watch(inotify.get(), folder.c_str(),
                                      IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0) {
        const int error = errno;
        const char* mend = error == ENOSPC ? "raise fs.inotify.max_user_watches"
                                           : "give this user read permission on the folder";
        return unavailable(
            fmt::format("cannot watch {} for changes: {}: {}", folder.string(), std::strerror(error), mend));
    }
    return StoreWatch(std::move(inotify), database.filename().string());
}

bool StoreWatch::clear() {
    alignas(inotify_event) std::array<char, 4096> events{};
    bool seen = false;
    for (ssize_t size = 0; (size = read(inotify_.get(), events.data(), events.size())) > 0;) {
        for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
            inotify_event event{};
            std::memcpy(&event, events.data() + at, sizeof(event));
            const char* name = event.len > 0 ? events.data() + at + sizeof(event) : "";
            seen = seen || name == name_ || name == name_ + "-wal" || (event.mask & IN_Q_OVERFLOW) != 0;
            at += sizeof(event) + event.len;
        }
    }
    return seen;
}

} // namespace dovewatch
