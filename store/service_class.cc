#include "store/service_class.h"

#include <algorithm>
#include <utility>

namespace dovewatch {
namespace {

constexpr std::string_view separators = " \t,";

std::string_view take_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(separators), text.size()));
    const auto word = text.substr(0, text.find_first_of(separators));
    text.remove_prefix(word.size());
    return word;
}

bool contain(const std::vector<Network>& networks, const Address& address) {
    return std::any_of(networks.begin(), networks.end(),
                       [&](const Network& network) { return network.contains(address); });
}

} // namespace

std::optional<std::vector<Network>> parse_networks(std::string_view text) {
    std::vector<Network> networks;
    for (auto word = take_word(text); !word.empty(); word = take_word(text)) {
        const auto network = Network::parse(word);
        if (!network) {
            return std::nullopt;
        }
        networks.push_back(*network);
    }
    return networks;
}

std::optional<ServiceClass> parse_service_class(std::string_view definition) {
    const auto service = parse_service(take_word(definition));
    auto networks = parse_networks(definition);
    if (!service || !networks || networks->empty()) {
        return std::nullopt;
    }
    return ServiceClass{{}, *service, std::move(*networks)};
}

std::string_view Classifier::class_of(Service service, const std::optional<Address>& address) const {
    for (const auto& one : classes_) {
        if (address && one.service == service && contain(one.networks, *address)) {
            return one.name;
        }
    }
    return to_string(service);
}

bool Classifier::is_ignored(const std::optional<Address>& address) const {
    return address && contain(ignored_, *address);
}

} // namespace dovewatch
