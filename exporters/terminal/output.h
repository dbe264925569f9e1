// A buffered file descriptor that remembers its first failure.
#pragma once

#include "store/result.h"

#include <fmt/format.h>

namespace dovewatch::terminal {

// Does not own the descriptor. Does not write on destruction: what has not been flushed is lost.
class Output {
  public:
    explicit Output(int descriptor) : descriptor_(descriptor) {}

    // What is to be written next: append to it, then call `appended`.
    fmt::memory_buffer& buffer() { return buffer_; }

    // Writes once enough has come together. False when a write has failed: there is no use in going on.
    [[nodiscard]] bool appended() { return buffer_.size() < enough ? !failed_ : write_all(); }

    // Writes the rest. The error is that of the first write that failed.
    [[nodiscard]] Result<void> flush();

  private:
    static constexpr std::size_t enough = 64 * 1024;

    bool write_all();

    int descriptor_;
    int failed_ = 0; // errno
    fmt::memory_buffer buffer_;
};

} // namespace dovewatch::terminal
