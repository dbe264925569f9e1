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

} // namespace dovewatch
