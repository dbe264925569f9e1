#include "store/model.h"

#include <array>
#include <utility>

namespace dovewatch {
namespace {

constexpr std::array<std::pair<Service, std::string_view>, 6> service_names{{
    {Service::imap, "imap"},
    {Service::pop3, "pop3"},
    {Service::lmtp, "lmtp"},
    {Service::submission, "submission"},
    {Service::managesieve, "managesieve"},
    {Service::lda, "lda"},
}};

constexpr std::array<std::pair<End, std::string_view>, 5> end_names{{
    {End::none, "none"},
    {End::logout, "logout"},
    {End::exit, "exit"},
    {End::signal, "signal"},
    {End::lost, "lost"},
}};

template <typename Names, typename Value>
std::string_view name_of(const Names& names, Value wanted) {
    for (const auto& [value, name] : names) {
        if (value == wanted) {
            return name;
        }
    }
    return "unknown";
}

} // namespace

std::string_view to_string(Service service) {
    return name_of(service_names, service);
}

std::optional<Service> parse_service(std::string_view wanted) {
    for (const auto& [service, name] : service_names) {
        if (name == wanted) {
            return service;
        }
    }
    return std::nullopt;
}

std::string_view to_string(End end) {
    return name_of(end_names, end);
}

} // namespace dovewatch
