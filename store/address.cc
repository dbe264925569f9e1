#include "store/address.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>
#include <fmt/compile.h>

namespace dovewatch {
namespace {

constexpr std::uint8_t ipv4_size = 4;
constexpr std::uint8_t ipv6_size = 16;

// inet_pton takes a C string and would stop at a NUL inside the text.
using AddressText = std::array<char, INET6_ADDRSTRLEN>;

bool copy_as_c_string(std::string_view text, AddressText& copy) {
    if (text.empty() || text.size() >= copy.size() || text.find('\0') != std::string_view::npos) {
        return false;
    }
    *std::copy(text.begin(), text.end(), copy.begin()) = '\0';
    return true;
}

std::optional<unsigned> parse_prefix(std::string_view text, unsigned most) {
    unsigned bits = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, bits);
    if (text.empty() || error != std::errc{} || stop != end || bits > most) {
        return std::nullopt;
    }
    return bits;
}

bool same_leading_bits(std::string_view left, std::string_view right, unsigned bits) {
    const std::size_t whole_bytes = bits / 8;
    if (left.substr(0, whole_bytes) != right.substr(0, whole_bytes)) {
        return false;
    }
    const unsigned rest = bits % 8;
    if (rest == 0) {
        return true;
    }
    const auto differing = static_cast<std::uint8_t>(left[whole_bytes] ^ right[whole_bytes]);
    return differing >> (8 - rest) == 0;
}

} // namespace

std::optional<Address> Address::parse(std::string_view text) {
    AddressText copy{};
    if (!copy_as_c_string(text, copy)) {
        return std::nullopt;
    }
    Address address;
    if (inet_pton(AF_INET, copy.data(), address.bytes_.data()) == 1) {
        address.size_ = ipv4_size;
        return address;
    }
    if (inet_pton(AF_INET6, copy.data(), address.bytes_.data()) == 1) {
        address.size_ = ipv6_size;
        return address;
    }
    return std::nullopt;
}

std::optional<Address> Address::from_bytes(std::string_view bytes) {
    if (bytes.size() != ipv4_size && bytes.size() != ipv6_size) {
        return std::nullopt;
    }
    Address address;
    std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
    address.size_ = static_cast<std::uint8_t>(bytes.size());
    return address;
}

std::string Address::to_string() const {
    if (size_ == 0) {
        return {};
    }
    if (size_ == ipv4_size) { // inet_ntop goes through printf, and each session is written with its address
        return fmt::format(FMT_COMPILE("{}.{}.{}.{}"), bytes_[0], bytes_[1], bytes_[2], bytes_[3]);
    }
    AddressText text{};
    inet_ntop(AF_INET6, bytes_.data(), text.data(), text.size());
    return text.data();
}

std::string_view Address::bytes() const {
    return {reinterpret_cast<const char*>(bytes_.data()), size_};
}

Address Address::prefix(unsigned bits) const {
    Address network = *this;
    for (unsigned i = 0; i < size_; ++i) {
        const unsigned kept = std::min(8U, bits - std::min(bits, i * 8));
        network.bytes_.at(i) &= static_cast<std::uint8_t>(0xff00U >> kept);
    }
    return network;
}

std::optional<Network> Network::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = Address::parse(text.substr(0, slash));
    if (!address) {
        return std::nullopt;
    }
    Network network;
    network.address_ = *address;
    network.prefix_bits_ = address->size_ * 8U;
    if (slash != std::string_view::npos) {
        const auto bits = parse_prefix(text.substr(slash + 1), network.prefix_bits_);
        if (!bits) {
            return std::nullopt;
        }
        network.prefix_bits_ = *bits;
    }
    return network;
}

bool Network::contains(const Address& address) const {
    return address.size_ == address_.size_ &&
           same_leading_bits(address.bytes(), address_.bytes(), prefix_bits_);
}

} // namespace dovewatch
