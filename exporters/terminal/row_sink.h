// Where the rows of a command go, whatever the format.
#pragma once

#include "store/model.h"

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace dovewatch::terminal {

struct RowList;

// Raw values: each format shows, escapes and marks them in its own way. Views and pointers must live
// until RowSink::row returns.
using Value = std::variant<std::monostate,              // nothing is known
                           std::string_view,            // any bytes
                           std::int64_t,                //
                           bool,                        //
                           UtcTime,                     //
                           std::chrono::microseconds,   // a duration
                           Address,                     //
                           const std::vector<Counter>*, // never null, nor are those below
                           const std::vector<Address>*, //
                           const RowList*>;

enum class Tone : std::uint8_t { plain, dim, alarm };

struct Cell {
    Value value;
    Tone tone = Tone::plain;
};

struct Column {
    std::string_view name; // the header, and the name of the field
    std::size_t width = 0; // cells that a table keeps for it; what is longer pushes the rest to the right
    bool right = false;    // a table puts it to the right
};

// Rows within a row, as many cells in each as columns.
struct RowList {
    std::span<const Column> columns;
    std::vector<std::vector<Cell>> rows;
};

// Who reads the rows decides what a row is: a person wants few columns and composed texts, a program
// wants every field on its own.
enum class Audience : std::uint8_t { person, program };

class RowSink {
  public:
    virtual ~RowSink() = default;

    virtual Audience audience() const = 0;

    // Begins a list of rows, which `end` ends. A table may be followed by another. The columns must live
    // until `end`.
    virtual void begin(std::span<const Column> columns) = 0;

    // True where a row list is shown; elsewhere its number of rows stands for it.
    virtual bool nests() const { return false; }

    // Begins what is one row and no list: JSON then is an object and no array.
    virtual void begin_one(std::span<const Column> columns) { begin(columns); }

    // As many cells as columns. False when nobody takes the rows any more.
    [[nodiscard]] bool row(std::span<const Cell> cells) {
        const bool wanted = put_row(cells);
        empty_ = false;
        return wanted;
    }

    virtual void end() = 0;

    // True until the first row.
    bool empty() const { return empty_; }

  private:
    virtual bool put_row(std::span<const Cell> cells) = 0;

    bool empty_ = true;
};

} // namespace dovewatch::terminal
