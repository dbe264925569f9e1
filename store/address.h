// IPv4 and IPv6 addresses and networks, as values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dovewatch {

class Address {
  public:
    // Accepts exactly what inet_pton accepts: dotted IPv4, IPv6 without brackets or zone.
    // An IPv4-mapped IPv6 address stays IPv6. No value for anything else.
    static std::optional<Address> parse(std::string_view text);

    // The 4 or 16 bytes in network order, as the store keeps them. No value for another length.
    static std::optional<Address> from_bytes(std::string_view bytes);

    std::string to_string() const;
    std::string_view bytes() const;

    // The address of its network: all behind the first `bits` is 0.
    Address prefix(unsigned bits) const;

    auto
    operator<=>(const Address&) const = default; // NOLINT(modernize-use-nullptr): clang-tidy 14's mistake

  private:
    friend class Network;
    std::array<std::uint8_t, 16> bytes_{};
    std::uint8_t size_ = 0;
};

class Network {
  public:
    // "192.0.2.0/24", "2001:db8::/32", or a bare address, which means itself alone.
    // Bits behind the prefix are ignored. No value for anything else.
    static std::optional<Network> parse(std::string_view text);

    // An address of the other family is never contained.
    bool contains(const Address& address) const;

  private:
    Address address_;
    unsigned prefix_bits_ = 0;
};

} // namespace dovewatch
