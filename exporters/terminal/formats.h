// The formats that rows can take.
#pragma once

#include "exporters/terminal/output.h"
#include "exporters/terminal/row_sink.h"
#include "exporters/terminal/time_zone.h"

#include <memory>
#include <string_view>

namespace dovewatch::terminal {

enum class Format : std::uint8_t { table, json, csv };

// For people. Times in the zone; user names and the like made visible; the header comes with the first
// row, so that no rows are no output. Colours only if asked for.
std::unique_ptr<RowSink> make_table(Output& output, const TimeZone& zone, bool colours);

// One array of objects. Everything beyond ASCII is escaped; bytes that are no UTF-8 become U+FFFD.
std::unique_ptr<RowSink> make_json(Output& output);

// RFC 4180 with a header and lines that end in LF; the very bytes of a text, but for an apostrophe in
// front of one that a spreadsheet would take for a formula. `on_terminal` makes control characters
// visible as the table does.
std::unique_ptr<RowSink> make_csv(Output& output, bool on_terminal);

} // namespace dovewatch::terminal
