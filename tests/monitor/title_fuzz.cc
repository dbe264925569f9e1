// What holds of every title, whoever wrote it. Input: the role as a digit, then lines: title, user and
// address of the running session.
#include "monitor/title.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

using dovewatch::Address;
using dovewatch::ProcessRole;
using dovewatch::Title;
using dovewatch::TitleContext;

namespace {

void require(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "does not hold: %s\n", what);
        std::abort();
    }
}

bool lies_within(std::string_view part, std::string_view whole) {
    return part.empty() ||
           (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check(ProcessRole role, std::string_view text, const std::optional<TitleContext>& running) {
    const Title title = dovewatch::parse_title(role, text, running);
    const bool is_delivery = title.kind == Title::Kind::delivery;
    const bool is_session = title.kind == Title::Kind::user || title.kind == Title::Kind::deinit;
    require(lies_within(title.user, text), "the user lies within the text");
    require(title.user.empty() == !(is_delivery || is_session),
            "a user where there is one, and nowhere else");
    require(is_delivery || is_session || !title.address, "no address without a user");
    require(!is_delivery || role == ProcessRole::lmtp, "only lmtp delivers");
    require(title.connections == 0 || title.kind == Title::Kind::connections, "a count of connections only");
    require(title == dovewatch::parse_title(role, text, running), "the same text says the same");
}

void check_prefixes(ProcessRole role, std::string_view text, const std::optional<TitleContext>& running) {
    for (std::size_t length = 1; length < text.size(); ++length) {
        const auto prefix = text.substr(0, length);
        const auto kind = dovewatch::parse_title(role, prefix, running).kind;
        require(prefix.ends_with(']') || kind == Title::Kind::unknown, "a torn title says nothing");
    }
}

void check_running(ProcessRole role, const TitleContext& running) {
    const std::string address = running.address ? ' ' + running.address->to_string() : "";
    const std::string text = '[' + std::string(running.user) + address + " NOOP]";
    const Title title = dovewatch::parse_title(role, text, running);
    const bool shows_commands = role == ProcessRole::imap || role == ProcessRole::managesieve;
    require(!shows_commands || title.kind != Title::Kind::user || running.user.empty() ||
                title.user == running.user,
            "the running session's command is not another user's");
}

std::string_view take_line(std::string_view& rest) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() < rest.size() ? line.size() + 1 : rest.size());
    return line;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto role = static_cast<ProcessRole>((data[0] - unsigned{'0'}) % 7);
    std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto text = take_line(rest);
    const TitleContext running{take_line(rest), Address::parse(rest)};
    check(role, text, std::nullopt);
    check(role, text, running);
    check_prefixes(role, text, running);
    check_running(role, running);
    return 0;
}
