// The table `host user active nfiles bytes` as text.
#pragma once

#include "exporters/table/table_options.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <fmt/format.h>

namespace dovewatch::table {

// Names are any bytes but NUL.
struct TableRow {
    std::string_view host;
    std::string_view user;
    bool active = false;
    std::optional<std::int64_t> files; // no value: unknown
    std::optional<std::int64_t> bytes;
};

// Active is 1 or 0.
// tsv: a header and a line per row; unknown is ?; \t \n \r \\ and \x07 stand for what would break a line.
// csv: RFC 4180 with a header; unknown is ?; a ' stands before what a spreadsheet would run as a formula.
// json: a list of objects; unknown is null; bytes that are no UTF-8 become U+FFFD.
class TableText {
  public:
    virtual ~TableText() = default;

    virtual void begin(fmt::memory_buffer& out) = 0;
    virtual void row(fmt::memory_buffer& out, const TableRow& row) = 0;
    virtual void end(fmt::memory_buffer& out) = 0;
};

std::unique_ptr<TableText> make_table_text(TableFormat format);

} // namespace dovewatch::table
