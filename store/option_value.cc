#include "store/option_value.h"

#include "store/number.h"
#include "store/service_class.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dovewatch {
namespace {

namespace po = boost::program_options;

template <typename Value>
using Parser = std::function<std::optional<Value>(const std::string& text)>;

// boost's own conversion takes "-1" for an unsigned number and cannot say what would be right.
template <typename Value>
class CheckedValue : public po::typed_value<Value> {
  public:
    CheckedValue(Parser<Value> parser, std::string expectation)
        : po::typed_value<Value>(nullptr), parser_(std::move(parser)), expectation_(std::move(expectation)) {}

    void xparse(boost::any& result, const std::vector<std::string>& tokens) const override {
        const std::string& text = po::validators::get_single_string(tokens, true);
        auto value = parser_(text);
        if (!value) {
            throw BadValue(text, expectation_);
        }
        result = std::move(*value);
    }

  private:
    Parser<Value> parser_;
    std::string expectation_;
};

std::vector<std::string> split_list(std::string_view text) {
    constexpr std::string_view separators = ", \t";
    std::vector<std::string> items;
    for (std::size_t at = text.find_first_not_of(separators); at != std::string_view::npos;) {
        const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
        items.emplace_back(text.substr(at, end - at));
        at = text.find_first_not_of(separators, end);
    }
    return items;
}

std::optional<std::vector<std::uint32_t>> parse_uid_list(std::string_view text) {
    std::vector<std::uint32_t> uids;
    for (const std::string& item : split_list(text)) {
        const auto uid = parse_number<std::uint32_t>(item);
        if (!uid) {
            return std::nullopt;
        }
        uids.push_back(*uid);
    }
    return uids;
}

// boost can hold no type that has no stream operator, so the text is kept and parsed again by its user.
template <typename Parse>
Parser<std::string> if_parsed_by(Parse parse) {
    return [parse](const std::string& text) { return parse(text) ? std::optional(text) : std::nullopt; };
}

} // namespace

BadValue::BadValue(const std::string& value, std::string expectation)
    : po::error_with_option_name(fmt::format("the value '{}' of %canonical_option% {}", value, expectation)),
      brief_(fmt::format("'{}' {}", value, expectation)) {}

po::typed_value<std::uint32_t>* number_value(std::uint32_t least, std::uint32_t most, std::string unit) {
    const auto parse = [least, most](const std::string& text) {
        auto number = parse_number<std::uint32_t>(text);
        return number && *number >= least && *number <= most ? number : std::nullopt;
    };
    return new CheckedValue<std::uint32_t>(parse, fmt::format("must be a whole number from {} to {}{}{}",
                                                              least, most, unit.empty() ? "" : " ", unit));
}

po::typed_value<std::vector<std::uint32_t>>* uid_list_value() {
    return new CheckedValue<std::vector<std::uint32_t>>(parse_uid_list,
                                                        "must be numeric user ids, separated by commas");
}

po::typed_value<std::string>* networks_value() {
    return new CheckedValue<std::string>(if_parsed_by(parse_networks),
                                         "must be networks or addresses, such as 192.0.2.0/24 2001:db8::1");
}

po::typed_value<std::string>* service_class_value() {
    return new CheckedValue<std::string>(
        if_parsed_by(parse_service_class),
        "must be a service and its networks, such as imap 192.0.2.10/32 2001:db8::/64");
}

po::typed_value<std::string>* word_value(std::vector<std::string> words) {
    std::string expectation = fmt::format("must be one of: {}", fmt::join(words, ", "));
    auto parse = [words = std::move(words)](const std::string& text) {
        const bool known = std::find(words.begin(), words.end(), text) != words.end();
        return known ? std::optional(text) : std::nullopt;
    };
    return new CheckedValue<std::string>(std::move(parse), std::move(expectation));
}

po::typed_value<std::vector<std::string>>* word_list_value(std::vector<std::string> words) {
    std::string expectation =
        fmt::format("must be of these, separated by commas or blanks: {}", fmt::join(words, ", "));
    auto parse = [words = std::move(words)](const std::string& text) {
        auto items = split_list(text);
        const bool known = std::all_of(items.begin(), items.end(), [&](const std::string& item) {
            return std::find(words.begin(), words.end(), item) != words.end();
        });
        return known ? std::optional(std::move(items)) : std::nullopt;
    };
    return new CheckedValue<std::vector<std::string>>(std::move(parse), std::move(expectation));
}

po::typed_value<std::string>* file_value() {
    const auto parse = [](const std::string& text) {
        return text.empty() ? std::nullopt : std::optional(text);
    };
    return new CheckedValue<std::string>(parse, "must be the path of a file");
}

} // namespace dovewatch
