// Service classes: a service, or a named part of it by client network, such as webmail's imap.
#pragma once

#include "store/address.h"
#include "store/model.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dovewatch {

// Blank- or comma-separated; no value where one of them is no network. May be empty.
std::optional<std::vector<Network>> parse_networks(std::string_view text);

struct ServiceClass {
    std::string name;
    Service service = Service::imap;
    std::vector<Network> networks;
};

// A service and its networks, such as "imap 192.0.2.10/32 2001:db8::/64"; at least one. The name is not set.
std::optional<ServiceClass> parse_service_class(std::string_view definition);

// Immutable; safe to share between threads.
class Classifier {
  public:
    // Where several classes hold an address, the first wins. `ignored`: of health checks and the like; their
    // sessions and deliveries are not stored, only counted.
    explicit Classifier(std::vector<ServiceClass> classes = {}, std::vector<Network> ignored = {})
        : classes_(std::move(classes)), ignored_(std::move(ignored)) {}

    // The service's own name where no class holds the address.
    std::string_view class_of(Service service, const std::optional<Address>& address) const;

    bool is_ignored(const std::optional<Address>& address) const;

  private:
    std::vector<ServiceClass> classes_;
    std::vector<Network> ignored_;
};

} // namespace dovewatch
