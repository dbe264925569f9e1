// Which rows of the history an administrator wants to see, beyond what the store selects.
#pragma once

#include "store/reader.h"
#include "store/result.h"

#include <optional>
#include <string>

#include <boost/program_options.hpp>

namespace dovewatch::terminal {

struct ActivityFilter {
    std::optional<std::string> service_class; // exact
    std::optional<Network> network;           // rows without an address never match
    std::optional<std::string> reason;        // a part of it, in ASCII lower case; deliveries never match

    bool empty() const { return !service_class && !network && !reason; }

    bool matches(const Session& session) const;
    bool matches(const Delivery& delivery) const;
    bool matches(const Activity& row) const;
};

void add_filter_options(boost::program_options::options_description& options);

[[nodiscard]] Result<ActivityFilter> filter_of(const boost::program_options::variables_map& values);

} // namespace dovewatch::terminal
