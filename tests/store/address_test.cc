#include "store/address.h"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

using dovewatch::Address;
using dovewatch::Network;

TEST_CASE("An address is what inet_pton takes, and comes back canonical") {
    const auto [text, canonical, size] = GENERATE(table<std::string_view, std::string_view, std::size_t>({
        {"192.0.2.7", "192.0.2.7", 4},
        {"0.0.0.0", "0.0.0.0", 4},
        {"255.255.255.255", "255.255.255.255", 4},
        {"::", "::", 16},
        {"2001:DB8:0:0:0:0:0:7", "2001:db8::7", 16},
        {"::ffff:192.0.2.7", "::ffff:192.0.2.7", 16},
        {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 16},
    }));
    CAPTURE(text);
    const auto address = Address::parse(text);
    REQUIRE(address);
    CHECK(address->to_string() == canonical);
    CHECK(address->bytes().size() == size);
    CHECK(Address::from_bytes(address->bytes()) == address);
    CHECK(Address::parse(address->to_string()) == address);
}

TEST_CASE("Nothing else is an address") {
    using namespace std::string_view_literals;
    const auto text =
        GENERATE(as<std::string_view>{}, "", " ", "192.0.2", "192.0.2.7 ", " 192.0.2.7", "192.0.2.256",
                 "192.0.2.07", "0x7f.1", "192.0.2.7.", "1.2.3.4.5", "[::1]", "fe80::1%eth0", ":::", "::g",
                 "1::2::3", "192.0.2.7\0"sv, "192.0.2.7\0.1"sv, "::1\0"sv, "localhost", "\xff\xfe",
                 "1:2:3:4:5:6:7:8:9", "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255 and more");
    CAPTURE(text);
    CHECK_FALSE(Address::parse(text));
    CHECK_FALSE(Address::parse(std::string(100000, '1')));
}

TEST_CASE("Only 4 or 16 bytes are an address") {
    const auto size = GENERATE(std::size_t{0}, 3, 5, 15, 17, 1000);
    CHECK_FALSE(Address::from_bytes(std::string(size, '\x01')));
}

TEST_CASE("IPv4, IPv6 and IPv4-mapped IPv6 differ") {
    CHECK(Address::parse("192.0.2.7") != Address::parse("::ffff:192.0.2.7"));
    CHECK(Address::parse("0.0.0.0") != Address::parse("::"));
    CHECK(Address::parse("192.0.2.7") < Address::parse("192.0.2.8"));
}

TEST_CASE("A network contains the addresses that share its prefix") {
    const auto [network, address, inside] = GENERATE(table<std::string_view, std::string_view, bool>({
        {"192.0.2.0/24", "192.0.2.0", true},
        {"192.0.2.0/24", "192.0.2.255", true},
        {"192.0.2.0/24", "192.0.3.0", false},
        {"192.0.2.99/24", "192.0.2.1", true},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.128", true},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.6", false},
        {"192.0.2.7/32", "192.0.2.6", false},
        {"192.0.2.7/31", "192.0.2.6", true},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "::1", false},
        {"::/0", "192.0.2.7", false},
        {"::/0", "2001:db8::1", true},
        {"2001:db8::/32", "2001:db8:ffff::1", true},
        {"2001:db8::/33", "2001:db8:ffff::1", false},
        {"2001:db8::1", "2001:db8::1", true},
        {"2001:db8::1/128", "2001:db8::2", false},
        {"::ffff:192.0.2.0/120", "::ffff:192.0.2.9", true},
    }));
    CAPTURE(network, address);
    const auto parsed = Network::parse(network);
    REQUIRE(parsed);
    CHECK(parsed->contains(*Address::parse(address)) == inside);
}

TEST_CASE("Nothing else is a network") {
    using namespace std::string_view_literals;
    const auto text = GENERATE(
        as<std::string_view>{}, "", "/", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+8",
        "192.0.2.0/ 8", "192.0.2.0/8 ", "192.0.2.0/24/24", "192.0.2/24", "2001:db8::/129", "192.0.2.0/0x8",
        "192.0.2.0/99999999999999999999", "192.0.2.0/255.255.255.0", "192.0.2.0/24\0"sv, "example.org/24");
    CAPTURE(text);
    CHECK_FALSE(Network::parse(text));
}
