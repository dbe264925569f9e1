#include "exporters/terminal/address_text.h"
#include "exporters/terminal/formats.h"
#include "exporters/terminal/human.h"
#include "exporters/terminal/text.h"

#include <algorithm>
#include <string>

namespace dovewatch::terminal {
namespace {

constexpr std::size_t gap = 2;
constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view dim = "\x1b[2m";
constexpr std::string_view red = "\x1b[1;31m";
constexpr std::string_view normal = "\x1b[0m";

// Appends a value and returns how many cells it takes.
struct Show {
    fmt::memory_buffer& out;
    const TimeZone& zone;

    std::size_t operator()(std::monostate /*none*/) const { return ascii("-"); }
    std::size_t operator()(std::string_view text) const { return append_visible(out, text); }
    std::size_t operator()(std::int64_t number) const {
        const fmt::format_int text(number);
        return ascii({text.data(), text.size()});
    }
    std::size_t operator()(bool yes) const { return ascii(yes ? "yes" : "no"); }
    std::size_t operator()(UtcTime time) const {
        const std::size_t before = out.size();
        append_local_time(out, time, zone);
        return out.size() - before;
    }
    std::size_t operator()(std::chrono::microseconds duration) const {
        const std::size_t before = out.size();
        append_duration(out, duration);
        return out.size() - before;
    }
    std::size_t operator()(const Address& address) const {
        const std::size_t before = out.size();
        append_address(out, address);
        return out.size() - before;
    }
    std::size_t operator()(const std::vector<Counter>* counters) const {
        return (*this)(static_cast<std::int64_t>(counters->size()));
    }

    std::size_t operator()(const std::vector<Address>* addresses) const {
        constexpr std::size_t most = 3;
        const std::size_t before = out.size();
        for (std::size_t i = 0; i < std::min(addresses->size(), most); ++i) {
            append(out, i == 0 ? "" : " ");
            append_address(out, (*addresses)[i]);
        }
        if (addresses->size() > most) {
            append(out, " +");
            (*this)(static_cast<std::int64_t>(addresses->size() - most));
        }
        return addresses->empty() ? ascii("-") : out.size() - before;
    }
    std::size_t operator()(const RowList* list) const {
        return (*this)(static_cast<std::int64_t>(list->rows.size()));
    }

    std::size_t ascii(std::string_view text) const {
        append(out, text);
        return text.size();
    }
};

class Table : public RowSink {
  public:
    Table(Output& output, const TimeZone& zone, bool colours)
        : output_(output), zone_(zone), colours_(colours) {}

    Audience audience() const override { return Audience::person; }

    void begin(std::span<const Column> columns) override {
        columns_ = columns;
        header_due_ = true;
    }

    void end() override {}

  private:
    bool put_row(std::span<const Cell> cells) override {
        if (header_due_) {
            header();
        }
        for (std::size_t i = 0; i < cells.size(); ++i) {
            cell(columns_[i], cells[i].value, colour_of(cells[i].tone));
        }
        end_line();
        return output_.appended();
    }

    void header() {
        header_due_ = false;
        if (!empty()) {
            output_.buffer().push_back('\n'); // a second table
        }
        if (columns_.front().name.empty()) {
            return;
        }
        for (const Column& column : columns_) {
            cell(column, column.name, colours_ ? bold : "");
        }
        end_line();
    }

    void cell(const Column& column, const Value& value, std::string_view colour) {
        text_.clear();
        const std::size_t cells = std::visit(Show{text_, zone_}, value);
        const std::size_t padding = column.width > cells ? column.width - cells : 0;
        if (column.right) {
            blanks_due_ += padding;
        }
        if (cells > 0) {
            put(colour);
        }
        blanks_due_ += gap + (column.right ? 0 : padding);
    }

    void put(std::string_view colour) {
        fmt::memory_buffer& out = output_.buffer();
        out.resize(out.size() + blanks_due_);
        std::fill_n(out.end() - blanks_due_, blanks_due_, ' ');
        blanks_due_ = 0;
        append(out, colour);
        append(out, view(text_));
        append(out, colour.empty() ? "" : normal);
    }

    void end_line() {
        output_.buffer().push_back('\n');
        blanks_due_ = 0; // no blanks at the end of a line
    }

    std::string_view colour_of(Tone tone) const {
        if (!colours_ || tone == Tone::plain) {
            return {};
        }
        return tone == Tone::dim ? dim : red;
    }

    Output& output_;
    const TimeZone& zone_;
    bool colours_;
    std::span<const Column> columns_;
    bool header_due_ = false;
    std::size_t blanks_due_ = 0;
    fmt::memory_buffer text_;
};

} // namespace

std::unique_ptr<RowSink> make_table(Output& output, const TimeZone& zone, bool colours) {
    return std::make_unique<Table>(output, zone, colours);
}

} // namespace dovewatch::terminal
