#include "monitor/lda_arguments.h"

#include "bpf/probe_event.h"

namespace dovewatch {
namespace {

// src/lda/main.c: "a:d:ef:m:p:r:" and lib-master's "c:i:ko:OL".
constexpr std::string_view options_with_value = "acdfimopr";

class Arguments {
  public:
    explicit Arguments(std::string_view text) : rest_(text) {}

    std::optional<std::string_view> next() {
        if (rest_.empty()) {
            return std::nullopt;
        }
        const auto argument = rest_.substr(0, rest_.find('\0'));
        rest_.remove_prefix(argument.size() < rest_.size() ? argument.size() + 1 : rest_.size());
        return argument;
    }

  private:
    std::string_view rest_;
};

struct Option {
    char letter = 0;
    std::string_view value;
};

// The option with a value in a word like "-efFROM", if there is one: the value may stand in the next word.
std::optional<Option> option_in(std::string_view word, Arguments& arguments) {
    const std::size_t at = word.find_first_of(options_with_value, 1);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    const auto value = word.substr(at + 1);
    return Option{word[at], value.empty() ? arguments.next().value_or("") : value};
}

std::string_view whole_words(std::string_view arguments) {
    const bool is_cut = arguments.size() >= DW_TEXT_MAX && arguments.back() != '\0';
    return is_cut ? arguments.substr(0, arguments.rfind('\0') + 1) : arguments;
}

} // namespace

std::optional<std::string_view> lda_user(std::string_view arguments) {
    Arguments words(whole_words(arguments));
    words.next(); // the program
    std::optional<std::string_view> user;
    while (const auto word = words.next()) {
        if (*word == "--") {
            break;
        }
        if (word->size() < 2 || word->front() != '-') {
            continue; // getopt goes on behind it
        }
        const auto option = option_in(*word, words);
        if (option && option->letter == 'd') {
            user = option->value;
        }
    }
    return user && !user->empty() ? user : std::nullopt;
}

} // namespace dovewatch
