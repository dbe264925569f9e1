#include "exporters/terminal/formats.h"
#include "exporters/terminal/plain_value.h"
#include "exporters/terminal/text.h"

#include <algorithm>
#include <iterator>
#include <string>

#include <fmt/compile.h>

namespace dovewatch::terminal {
namespace {

bool looks_like_formula(std::string_view text) {
    return !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
}

// An empty text is quoted, so that it differs from no value.
bool needs_quotes(std::string_view text) {
    return text.empty() || text.find_first_of(",\"\r\n") != std::string_view::npos;
}

void append_quoted(fmt::memory_buffer& out, std::string_view text) {
    out.push_back('"');
    for (const char c : text) {
        if (c == '"') {
            out.push_back('"');
        }
        out.push_back(c);
    }
    out.push_back('"');
}

void append_text(fmt::memory_buffer& out, std::string_view text) {
    if (looks_like_formula(text)) {
        append_quoted(out, "'" + std::string(text));
    } else if (needs_quotes(text)) {
        append_quoted(out, text);
    } else {
        append(out, text);
    }
}

struct Write {
    fmt::memory_buffer& out;
    bool on_terminal;

    void operator()(std::monostate /*none*/) const {}
    void operator()(std::string_view text) const {
        if (!on_terminal) {
            return append_text(out, text);
        }
        fmt::memory_buffer visible;
        append_visible(visible, text);
        append_text(out, view(visible));
    }
    void operator()(std::int64_t number) const { append_plain(out, number); }
    void operator()(bool yes) const { append_plain(out, yes); }
    void operator()(UtcTime time) const { append_plain(out, time); }
    void operator()(std::chrono::microseconds duration) const { append_plain(out, duration); }
    void operator()(const Address& address) const { append_plain(out, address); }
    void operator()(const std::vector<Counter>* counters) const { (*this)(joined(*counters)); }

    void operator()(const std::vector<Address>* addresses) const {
        for (const Address& address : *addresses) {
            append(out, &address == addresses->data() ? "" : " ");
            append_plain(out, address);
        }
    }
    void operator()(const RowList* list) const {
        append_plain(out, static_cast<std::int64_t>(list->rows.size()));
    }

    // stage.name=value, separated by blanks
    static std::string joined(const std::vector<Counter>& counters) {
        std::string text;
        for (const Counter& counter : counters) {
            text += fmt::format(FMT_COMPILE("{}{}.{}={}"), text.empty() ? "" : " ", counter.stage,
                                counter.name, counter.value);
        }
        return text;
    }
};

class Csv : public RowSink {
  public:
    Csv(Output& output, bool on_terminal) : output_(output), on_terminal_(on_terminal) {}

    Audience audience() const override { return Audience::program; }

    void begin(std::span<const Column> columns) override {
        fmt::memory_buffer& out = output_.buffer();
        for (const Column& column : columns) {
            append(out, &column == columns.data() ? "" : ",");
            append(out, column.name);
        }
        out.push_back('\n');
    }

    void end() override {}

  private:
    bool put_row(std::span<const Cell> cells) override {
        fmt::memory_buffer& out = output_.buffer();
        for (const Cell& cell : cells) {
            append(out, &cell == cells.data() ? "" : ",");
            std::visit(Write{out, on_terminal_}, cell.value);
        }
        out.push_back('\n');
        return output_.appended();
    }

    Output& output_;
    bool on_terminal_;
};

} // namespace

std::unique_ptr<RowSink> make_csv(Output& output, bool on_terminal) {
    return std::make_unique<Csv>(output, on_terminal);
}

} // namespace dovewatch::terminal
