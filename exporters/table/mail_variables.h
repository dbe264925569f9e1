// Texts with Dovecot's variables for a user, such as "/var/vmail/%d/%1n/%n".
// Source: doc.dovecot.org, 2.3 "Config Variables" and 2.4 "Settings Variables".
#pragma once

#include "store/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dovewatch::table {

struct Variable {
    enum class Name : std::uint8_t { user, username, domain, home };

    Name name = Name::user;
    bool lower = false;     // ASCII letters alone
    std::size_t offset = 0; // in bytes
    std::size_t width = std::string::npos;
};

// %u %n %d %h (or %{user} %{username} %{domain} %{home}), with `L` for lower case and [OFFSET.]WIDTH for a
// part, as in %Lu or %1n; %{user | username}, %{user | domain} and `| lower` as 2.4 writes them; %%.
// Immutable; safe to share between threads.
class VariableText {
  public:
    // A usage error names the variable that is not understood.
    static Result<VariableText> parse(std::string_view text);

    bool uses_home() const;

    // No value where the user's name would change which folders the text means: a slash, a NUL, or nothing
    // before the @. `home` is the administrator's, and may hold slashes.
    std::optional<std::string> expand(const std::string& user, const std::string& home) const;

  private:
    std::vector<std::variant<std::string, Variable>> parts_;
};

} // namespace dovewatch::table
