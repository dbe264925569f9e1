// Addresses, appended without an allocation where they are IPv4.
#pragma once

#include "store/address.h"

#include <fmt/format.h>

namespace dovewatch::terminal {

void append_address(fmt::memory_buffer& out, const Address& address);

} // namespace dovewatch::terminal
