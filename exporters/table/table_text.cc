#include "exporters/table/table_text.h"

#include <iterator>
#include <string>

#include <nlohmann/json.hpp>

namespace dovewatch::table {
namespace {

using Buffer = fmt::memory_buffer;

void append(Buffer& out, std::string_view text) {
    out.append(text.data(), text.data() + text.size());
}

void append_number(Buffer& out, const std::optional<std::int64_t>& number, std::string_view unknown) {
    append(out, number ? fmt::format_int(*number).c_str() : unknown);
}

void append_tsv_character(Buffer& out, char c) {
    switch (c) {
    case '\t':
        return append(out, "\\t");
    case '\n':
        return append(out, "\\n");
    case '\r':
        return append(out, "\\r");
    case '\\':
        return append(out, "\\\\");
    default:
        break;
    }
    if (const auto byte = static_cast<unsigned char>(c); byte < ' ' || byte == 0x7f) {
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
        out.push_back(c);
    }
}

void append_tsv(Buffer& out, std::string_view text) {
    for (const char c : text) {
        append_tsv_character(out, c);
    }
}

void append_csv(Buffer& out, std::string_view text) {
    const bool formula =
        !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos;
    if (!formula && !text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) {
        return append(out, text);
    }
    append(out, formula ? "\"'" : "\"");
    for (const char c : text) {
        append(out, c == '"' ? "\"\"" : std::string_view(&c, 1));
    }
    append(out, "\"");
}

void append_json(Buffer& out, std::string_view text) {
    append(out, nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
}

// Lines of fields.
class Lines : public TableText {
  public:
    Lines(char separator, void (*append_text)(Buffer&, std::string_view))
        : separator_(separator), append_text_(append_text) {}

    void begin(Buffer& out) override {
        for (const std::string_view name : {"host", "user", "active", "nfiles"}) {
            append(out, name);
            out.push_back(separator_);
        }
        append(out, "bytes");
        out.push_back('\n');
    }

    void row(Buffer& out, const TableRow& row) override {
        append_text_(out, row.host);
        out.push_back(separator_);
        append_text_(out, row.user);
        out.push_back(separator_);
        out.push_back(row.active ? '1' : '0');
        out.push_back(separator_);
        append_number(out, row.files, "?");
        out.push_back(separator_);
        append_number(out, row.bytes, "?");
        out.push_back('\n');
    }

    void end(Buffer& /*out*/) override {}

  private:
    char separator_;
    void (*append_text_)(Buffer&, std::string_view);
};

class Json : public TableText {
  public:
    void begin(Buffer& out) override { append(out, "["); }

    void row(Buffer& out, const TableRow& row) override {
        append(out, empty_ ? "\n{\"host\":" : ",\n{\"host\":");
        empty_ = false;
        append_json(out, row.host);
        append(out, ",\"user\":");
        append_json(out, row.user);
        append(out, row.active ? ",\"active\":1,\"nfiles\":" : ",\"active\":0,\"nfiles\":");
        append_number(out, row.files, "null");
        append(out, ",\"bytes\":");
        append_number(out, row.bytes, "null");
        append(out, "}");
    }

    void end(Buffer& out) override { append(out, empty_ ? "]\n" : "\n]\n"); }

  private:
    bool empty_ = true;
};

} // namespace

std::unique_ptr<TableText> make_table_text(TableFormat format) {
    switch (format) {
    case TableFormat::csv:
        return std::make_unique<Lines>(',', append_csv);
    case TableFormat::json:
        return std::make_unique<Json>();
    case TableFormat::tsv:
        break;
    }
    return std::make_unique<Lines>('\t', append_tsv);
}

} // namespace dovewatch::table
