#include "exporters/table/tally.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace dovewatch::table {
namespace {

constexpr std::size_t block_size = std::size_t{64} * 1024;

// Finds the lines that begin a message, whatever the blocks that the text comes in.
class FromLines {
  public:
    // How many more the block has.
    std::int64_t count(std::string_view block) {
        std::int64_t found = 0;
        while (!block.empty()) {
            const std::size_t end = block.find('\n');
            found += at_line_begin(block.substr(0, end));
            if (end == std::string_view::npos) {
                break;
            }
            end_line();
            block.remove_prefix(end + 1);
        }
        return found;
    }

  private:
    static constexpr std::string_view mark = "From ";

    // Keeps as much of the line's beginning as decides; 1 when the mark becomes complete.
    std::int64_t at_line_begin(std::string_view text) {
        const std::size_t room = mark.size() - begin_.size();
        if (room == 0 || text.empty()) {
            return 0;
        }
        begin_.append(text.substr(0, room));
        return after_empty_line_ && begin_ == mark ? 1 : 0;
    }

    void end_line() {
        after_empty_line_ = begin_.empty() || begin_ == "\r";
        begin_.clear();
    }

    std::string begin_; // of this line, up to the mark's length
    bool after_empty_line_ = true;
};

} // namespace

Result<void> count_mbox(Tally& tally, const MailLocation& location) {
    const auto file = tally.folders().file(location.inbox);
    if (!file) {
        return tl::make_unexpected(mail_error(location.inbox, file.error()));
    }
    FromLines lines;
    std::vector<char> space(block_size);
    for (;;) {
        if (auto step = tally.step(); !step) {
            return step;
        }
        const auto size = (*file)->read(space);
        if (!size) {
            return tl::make_unexpected(mail_error(location.inbox, size.error()));
        }
        if (*size == 0) {
            return {};
        }
        tally.add(lines.count({space.data(), *size}), static_cast<std::int64_t>(*size));
    }
}

} // namespace dovewatch::table
