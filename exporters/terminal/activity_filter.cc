#include "exporters/terminal/activity_filter.h"

#include "exporters/terminal/network_option.h"

#include <algorithm>

namespace dovewatch::terminal {
namespace {

namespace po = boost::program_options;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool contains_lower(const std::string& text, const std::string& part) {
    return std::search(text.begin(), text.end(), part.begin(), part.end(),
                       [](char of_text, char of_part) { return lower(of_text) == of_part; }) != text.end() ||
           part.empty();
}

template <typename Row>
bool matches_place(const ActivityFilter& filter, const Row& row) {
    if (filter.service_class && row.service_class != *filter.service_class) {
        return false;
    }
    return !filter.network || (row.address && filter.network->contains(*row.address));
}

} // namespace

bool ActivityFilter::matches(const Session& session) const {
    return matches_place(*this, session) && (!reason || contains_lower(session.reason, *reason));
}

bool ActivityFilter::matches(const Delivery& delivery) const {
    return matches_place(*this, delivery) && !reason;
}

bool ActivityFilter::matches(const Activity& row) const {
    return std::visit([this](const auto& each) { return matches(each); }, row);
}

void add_filter_options(po::options_description& options) {
    options.add_options()("class", po::value<std::string>()->value_name("CLASS"),
                          "only this service class: imap, pop3, lmtp, ... or one of the configuration's");
    add_network_option(options);
    options.add_options()("reason", po::value<std::string>()->value_name("TEXT"),
                          "only sessions whose reason of the end holds TEXT, in whatever case");
}

Result<ActivityFilter> filter_of(const po::variables_map& values) {
    const auto network = network_of(values);
    if (!network) {
        return tl::make_unexpected(network.error());
    }
    ActivityFilter filter;
    filter.network = *network;
    if (values.count("class") != 0) {
        filter.service_class = values["class"].as<std::string>();
    }
    if (values.count("reason") != 0) {
        filter.reason = values["reason"].as<std::string>();
        std::transform(filter.reason->begin(), filter.reason->end(), filter.reason->begin(), lower);
    }
    return filter;
}

} // namespace dovewatch::terminal
