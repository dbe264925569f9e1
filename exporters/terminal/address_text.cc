#include "exporters/terminal/address_text.h"

#include "exporters/terminal/text.h"

#include <string>

namespace dovewatch::terminal {
namespace {

void append_ipv4(fmt::memory_buffer& out, std::string_view bytes) {
    for (const char byte : bytes) {
        const fmt::format_int text(static_cast<unsigned char>(byte));
        append(out, {text.data(), text.size()});
        out.push_back('.');
    }
    out.resize(out.size() - 1);
}

} // namespace

void append_address(fmt::memory_buffer& out, const Address& address) {
    if (address.bytes().size() == 4) {
        return append_ipv4(out, address.bytes());
    }
    append(out, address.to_string());
}

} // namespace dovewatch::terminal
