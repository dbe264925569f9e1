// The program `dovewatch`, but for what it takes from the process it runs in.
#pragma once

#include "exporters/terminal/time_zone.h"
#include "store/reader.h"
#include "store/result.h"

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

namespace dovewatch::terminal {

struct Environment {
    UtcTime now;
    TimeZone local_zone;
    int output;              // descriptor
    bool output_is_terminal; // then control characters are made visible in every format
    bool colours;
    std::ostream& notices; // warnings and errors
    std::function<Result<std::unique_ptr<Reader>>(const std::filesystem::path&)> open_reader;
};

// Runs the command that the arguments (without the program's name) ask for. Returns the exit status:
// 0, 1 on errors, 2 on usage errors, or what the command defines. Errors have been told.
int run(const std::vector<std::string>& arguments, const Environment& environment);

} // namespace dovewatch::terminal
