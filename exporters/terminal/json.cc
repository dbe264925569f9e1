#include "exporters/terminal/address_text.h"
#include "exporters/terminal/formats.h"
#include "exporters/terminal/plain_value.h"
#include "exporters/terminal/text.h"

#include <algorithm>
#include <iterator>
#include <string>

#include <fmt/compile.h>
#include <nlohmann/json.hpp>

namespace dovewatch::terminal {
namespace {

constexpr auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };

void append_string(fmt::memory_buffer& out, std::string_view text) {
    if (!std::all_of(text.begin(), text.end(), is_plain)) {
        return append(out,
                      nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
    }
    out.push_back('"');
    append(out, text);
    out.push_back('"');
}

struct Write {
    fmt::memory_buffer& out;

    void operator()(std::monostate /*none*/) const { append(out, "null"); }
    void operator()(std::string_view text) const { append_string(out, text); }
    void operator()(std::int64_t number) const { append_plain(out, number); }
    void operator()(bool yes) const { append_plain(out, yes); }
    void operator()(UtcTime time) const { quoted(time); }
    void operator()(std::chrono::microseconds duration) const { append_plain(out, duration); }
    void operator()(const Address& address) const { quoted(address); }
    void operator()(const std::vector<Counter>* counters) const {
        array(*counters, [this](const Counter& counter) { write_counter(counter); });
    }
    void operator()(const std::vector<Address>* addresses) const {
        array(*addresses, [this](const Address& address) { quoted(address); });
    }
    void operator()(const RowList* list) const {
        array(list->rows, [&](const std::vector<Cell>& cells) { object(list->columns, cells); });
    }

    template <typename T, typename WriteOne>
    void array(const std::vector<T>& values, const WriteOne& write_one) const {
        out.push_back('[');
        for (const T& value : values) {
            append(out, &value == values.data() ? "" : ",");
            write_one(value);
        }
        out.push_back(']');
    }

    void object(std::span<const Column> columns, std::span<const Cell> cells) const {
        for (std::size_t i = 0; i < cells.size(); ++i) {
            append(out, i == 0 ? "{\"" : ",\"");
            append(out, columns[i].name);
            append(out, "\":");
            std::visit(*this, cells[i].value);
        }
        out.push_back('}');
    }

    template <typename T>
    void quoted(const T& value) const {
        out.push_back('"');
        append_plain(out, value);
        out.push_back('"');
    }

    void write_counter(const Counter& counter) const {
        append(out, "{\"stage\":");
        append_string(out, counter.stage);
        append(out, ",\"name\":");
        append_string(out, counter.name);
        fmt::format_to(std::back_inserter(out), FMT_COMPILE(",\"value\":{},\"loss\":{}}}"), counter.value,
                       counter.is_loss);
    }
};

class Json : public RowSink {
  public:
    explicit Json(Output& output) : output_(output) {}

    Audience audience() const override { return Audience::program; }

    bool nests() const override { return true; }

    void begin(std::span<const Column> columns) override {
        columns_ = columns;
        append(output_.buffer(), "[");
    }

    void begin_one(std::span<const Column> columns) override {
        columns_ = columns;
        is_one_ = true;
    }

    void end() override { append(output_.buffer(), is_one_ ? "\n" : empty() ? "]\n" : "\n]\n"); }

  private:
    bool put_row(std::span<const Cell> cells) override {
        fmt::memory_buffer& out = output_.buffer();
        append(out, is_one_ ? "" : empty() ? "\n" : ",\n");
        Write{out}.object(columns_, cells);
        return output_.appended();
    }

    Output& output_;
    std::span<const Column> columns_;
    bool is_one_ = false;
};

} // namespace

std::unique_ptr<RowSink> make_json(Output& output) {
    return std::make_unique<Json>(output);
}

} // namespace dovewatch::terminal
