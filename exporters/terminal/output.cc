#include "exporters/terminal/output.h"

#include <cerrno>
#include <system_error>

#include <unistd.h>

namespace dovewatch::terminal {

bool Output::write_all() {
    std::size_t written = 0;
    while (failed_ == 0 && written < buffer_.size()) {
        const ssize_t n = ::write(descriptor_, buffer_.data() + written, buffer_.size() - written);
        if (n >= 0) {
            written += static_cast<std::size_t>(n);
        } else if (errno != EINTR) {
            failed_ = errno;
        }
    }
    buffer_.clear();
    return failed_ == 0;
}

Result<void> Output::flush() {
    if (write_all()) {
        return {};
    }
    return failed(fmt::format("cannot write standard output: {}", std::generic_category().message(failed_)));
}

} // namespace dovewatch::terminal
