#include "exporters/terminal/lastlogin_reports.h"

#include "exporters/terminal/records.h"

#include <array>
#include <string_view>
#include <unordered_set>

namespace dovewatch::terminal {
namespace {

constexpr std::array inactive_columns{Column{"user", 24}, Column{"last login", 26}, Column{"class", 12},
                                      Column{"ip"}};
constexpr std::array never_fields{Column{"user", 24}};

std::array<Cell, inactive_columns.size()> line(const LastLogin& last) {
    return {Cell{last.user}, Cell{last.at}, Cell{last.service_class}, Cell{value_or_none(last.address)}};
}

using Users = std::unordered_set<std::string_view>;

bool is_login(const LastLogin& last, const std::optional<std::string>& service_class) {
    return service_class ? last.service_class == *service_class
                         : last.service_class != to_string(Service::lmtp) &&
                               last.service_class != to_string(Service::lda);
}

Result<Users> users_without_login(const Reader& reader, const std::vector<std::string>& users,
                                  const std::optional<std::string>& service_class) {
    Users left(users.begin(), users.end());
    const auto read = reader.last_logins(std::nullopt, [&](const LastLogin& last) {
        if (is_login(last, service_class)) {
            left.erase(last.user);
        }
        return !left.empty();
    });
    if (!read) {
        return tl::make_unexpected(read.error());
    }
    return left;
}

} // namespace

Result<void> put_inactive(const Context& context, const InactiveQuery& query) {
    RowSink& sink = context.sink;
    const bool for_person = sink.audience() == Audience::person;
    if (for_person) {
        sink.begin(inactive_columns);
    } else {
        sink.begin(last_login_fields);
    }
    auto read = context.reader.inactive(query, [&](const LastLogin& last) {
        return for_person ? sink.row(line(last)) : sink.row(record(last));
    });
    if (read) {
        sink.end();
    }
    return read;
}

Result<void> put_never(const Context& context, const std::vector<std::string>& users,
                       const std::optional<std::string>& service_class) {
    const auto never = users_without_login(context.reader, users, service_class);
    if (!never) {
        return tl::make_unexpected(never.error());
    }
    context.sink.begin(never_fields);
    bool wanted = true;
    for (const std::string& user : users) {
        wanted = wanted && (never->count(user) == 0 || context.sink.row(std::array{Cell{user}}));
    }
    context.sink.end();
    return {};
}

} // namespace dovewatch::terminal
