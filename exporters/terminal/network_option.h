// The option --ip, which several commands take.
#pragma once

#include "store/address.h"
#include "store/result.h"

#include <optional>

#include <boost/program_options.hpp>

namespace dovewatch::terminal {

void add_network_option(boost::program_options::options_description& options);

// None where the option is not given.
[[nodiscard]] Result<std::optional<Network>> network_of(const boost::program_options::variables_map& values);

} // namespace dovewatch::terminal
