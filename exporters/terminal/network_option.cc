#include "exporters/terminal/network_option.h"

#include <string>

namespace dovewatch::terminal {

namespace po = boost::program_options;

void add_network_option(po::options_description& options) {
    options.add_options()("ip", po::value<std::string>()->value_name("ADDR[/BITS]"),
                          "only clients with this address or in this network");
}

Result<std::optional<Network>> network_of(const po::variables_map& values) {
    if (values.count("ip") == 0) {
        return std::nullopt;
    }
    const auto& text = values["ip"].as<std::string>();
    const auto network = Network::parse(text);
    if (!network) {
        return usage_error("--ip '" + text +
                           "' is no address or network: write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32");
    }
    return network;
}

} // namespace dovewatch::terminal
