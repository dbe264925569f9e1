// The reports of `dovewatch lastlogin` on accounts that nobody uses.
#pragma once

#include "exporters/terminal/command.h"

#include <optional>
#include <string>
#include <vector>

namespace dovewatch::terminal {

// A row per user, the oldest last login first.
[[nodiscard]] Result<void> put_inactive(const Context& context, const InactiveQuery& query);

// Those of the users without a login, in their order. No service class: any but lmtp and lda.
[[nodiscard]] Result<void> put_never(const Context& context, const std::vector<std::string>& users,
                                     const std::optional<std::string>& service_class);

} // namespace dovewatch::terminal
