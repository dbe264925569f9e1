#include "exporters/table/mail_variables.h"

#include "store/number.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace dovewatch::table {
namespace {

using Name = Variable::Name;

constexpr std::array<std::pair<std::string_view, Name>, 8> names{{{"u", Name::user},
                                                                  {"n", Name::username},
                                                                  {"d", Name::domain},
                                                                  {"h", Name::home},
                                                                  {"user", Name::user},
                                                                  {"username", Name::username},
                                                                  {"domain", Name::domain},
                                                                  {"home", Name::home}}};

tl::unexpected<Error> not_understood(std::string_view variable) {
    return usage_error(
        fmt::format("the variable {} is not understood: %u, %n, %d and %h are, with L for lower "
                    "case and a width, and %{{user}}, %{{user | username}}, %{{user | domain}} "
                    "and %{{home}}",
                    variable));
}

std::optional<Name> parse_name(std::string_view text) {
    const auto* found =
        std::find_if(names.begin(), names.end(), [text](const auto& known) { return known.first == text; });
    return found == names.end() ? std::nullopt : std::optional(found->second);
}

// The first `size` bytes of the text, which goes on behind them.
std::string_view take(std::string_view& text, std::size_t size) {
    const std::string_view taken = text.substr(0, size);
    text.remove_prefix(taken.size());
    return taken;
}

std::string_view take_digits(std::string_view& text) {
    return take(text, text.find_first_not_of("0123456789"));
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = std::min(text.find_first_not_of(' '), text.size());
    return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

std::string_view take_word(std::string_view& text, char separator) {
    const std::string_view word = take(text, text.find(separator));
    take(text, 1);
    return trimmed(word);
}

// A leading 0 of a width asks Dovecot for padding.
bool parse_width(std::string_view& text, Variable& variable) {
    const std::string_view number = take_digits(text);
    variable.width = parse_number<std::uint16_t>(number).value_or(0);
    return variable.width != 0 && number.front() != '0';
}

// [[OFFSET.]WIDTH]
bool parse_range(std::string_view& text, Variable& variable) {
    std::string_view ahead = text;
    const std::string_view offset = take_digits(ahead);
    if (offset.empty()) {
        return true;
    }
    if (ahead.empty() || ahead.front() != '.') {
        return parse_width(text, variable);
    }
    take(text, offset.size() + 1);
    const auto number = parse_number<std::uint16_t>(offset);
    variable.offset = number.value_or(0);
    return number && parse_width(text, variable);
}

// Behind the %: 1.2Ln
std::optional<Variable> parse_short(std::string_view& text) {
    Variable variable;
    if (!parse_range(text, variable)) {
        return std::nullopt;
    }
    variable.lower = text.starts_with('L');
    take(text, variable.lower ? 1 : 0);
    const auto name = parse_name(take(text, 1));
    variable.name = name.value_or(Name::user);
    return name ? std::optional(variable) : std::nullopt;
}

bool apply_filter(Variable& variable, std::string_view filter) {
    if (filter == "lower") {
        variable.lower = true;
        return true;
    }
    if (variable.name != Name::user || (filter != "username" && filter != "domain")) {
        return false;
    }
    variable.name = filter == "username" ? Name::username : Name::domain;
    return true;
}

// Between the braces: user | domain | lower
std::optional<Variable> parse_long(std::string_view words) {
    Variable variable;
    const auto name = parse_name(take_word(words, '|'));
    variable.name = name.value_or(Name::user);
    bool understood = name.has_value();
    while (understood && !words.empty()) {
        understood = apply_filter(variable, take_word(words, '|'));
    }
    return understood ? std::optional(variable) : std::nullopt;
}

// Behind the %.
Result<Variable> parse_variable(std::string_view& text) {
    const std::string_view before = text;
    std::optional<Variable> variable;
    if (text.starts_with('{')) {
        take(text, 1);
        variable = parse_long(take(text, text.find('}')));
        take(text, 1);
    } else {
        variable = parse_short(text);
    }
    if (!variable) {
        return not_understood(fmt::format("%{}", before.substr(0, before.size() - text.size())));
    }
    return *variable;
}

std::string lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return text;
}

std::string whole_value(Name name, const std::string& user, const std::string& home) {
    const std::size_t at = std::min(user.find('@'), user.size());
    switch (name) {
    case Name::username:
        return user.substr(0, at);
    case Name::domain:
        return user.substr(std::min(at + 1, user.size()));
    case Name::home:
        return home;
    case Name::user:
        break;
    }
    return user;
}

std::string value_of(const Variable& variable, const std::string& user, const std::string& home) {
    std::string value = whole_value(variable.name, user, home);
    value = value.substr(std::min(variable.offset, value.size()), variable.width);
    return variable.lower ? lower_case(std::move(value)) : value;
}

bool may_name_a_folder(const std::string& user) {
    return !user.empty() && user.front() != '@' && user.find('/') == std::string::npos &&
           user.find('\0') == std::string::npos;
}

} // namespace

Result<VariableText> VariableText::parse(std::string_view text) {
    VariableText parsed;
    while (!text.empty()) {
        if (!text.starts_with('%')) {
            parsed.parts_.emplace_back(std::string(take(text, text.find('%'))));
        } else if (text.starts_with("%%")) {
            parsed.parts_.emplace_back(std::string(take(text, 2).substr(1)));
        } else {
            take(text, 1);
            const auto variable = parse_variable(text);
            if (!variable) {
                return tl::make_unexpected(variable.error());
            }
            parsed.parts_.emplace_back(*variable);
        }
    }
    return parsed;
}

bool VariableText::uses_home() const {
    return std::any_of(parts_.begin(), parts_.end(), [](const auto& part) {
        const auto* variable = std::get_if<Variable>(&part);
        return variable != nullptr && variable->name == Name::home;
    });
}

std::optional<std::string> VariableText::expand(const std::string& user, const std::string& home) const {
    if (!may_name_a_folder(user)) {
        return std::nullopt;
    }
    std::string text;
    for (const auto& part : parts_) {
        const auto* variable = std::get_if<Variable>(&part);
        text += variable != nullptr ? value_of(*variable, user, home) : std::get<std::string>(part);
    }
    return text;
}

} // namespace dovewatch::table
