// Which exporters there are, and how the configuration makes them.
#pragma once

#include "exporters/exporter.h"
#include "store/result.h"

#include <memory>
#include <string>

#include <boost/program_options.hpp>

namespace dovewatch {

// `name` as in the setting `exporters`. Usage errors name the setting that is at fault, and the mend.
[[nodiscard]] Result<std::unique_ptr<Exporter>>
make_exporter(const std::string& name, const boost::program_options::variables_map& values);

// Removes what the exporters keep of a user, whether they are enabled or not: rows, the spool file. How many
// of them knew the user. Where one fails the others have forgotten nevertheless. Any process may call it
// beside a running dovewatch-export.
[[nodiscard]] Result<std::int64_t> forget_exported(const boost::program_options::variables_map& values,
                                                   SQLite::Database& state, const std::string& user);

} // namespace dovewatch
