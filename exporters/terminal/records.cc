#include "exporters/terminal/records.h"

namespace dovewatch::terminal {
namespace {

Value end_of(const Session& session) {
    return session.end == End::none ? Value{} : Value{to_string(session.end)};
}

Value duration_of(const Session& session) {
    return session.logout ? Value{*session.logout - session.login} : Value{};
}

Value number(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

Value text_or_none(std::string_view text) {
    return text.empty() ? Value{} : Value{text};
}

const std::vector<Counter>& no_counters() {
    static const std::vector<Counter> none;
    return none;
}

} // namespace

std::array<Cell, online_fields.size()> online_record(const Session& session) {
    return {Cell{std::string_view("session")},
            Cell{session.user},
            Cell{to_string(session.service)},
            Cell{session.service_class},
            Cell{value_or_none(session.address)},
            Cell{std::int64_t{session.process.pid}},
            Cell{session.login},
            Cell{value_or_none(session.logout)},
            Cell{duration_of(session)},
            Cell{end_of(session)},
            Cell{session.login_estimated || session.logout_estimated},
            Cell{session.login_estimated},
            Cell{session.logout_estimated},
            Cell{session.hibernated}};
}

ActivityRecord record(const Session& session) {
    const std::array ended{
        Cell{text_or_none(session.reason)},           Cell{text_or_none(session.statistics)},
        Cell{value_or_none(session.numbers.top)},     Cell{value_or_none(session.numbers.retrieved)},
        Cell{value_or_none(session.numbers.deleted)}, Cell{value_or_none(session.numbers.left)},
        Cell{value_or_none(session.numbers.bytes)}};
    static_assert(ended.size() == ended_fields.size());
    return joined(online_record(session), ended);
}

ActivityRecord record(const Delivery& delivery) {
    return {Cell{std::string_view("delivery")},
            Cell{delivery.user},
            Cell{to_string(delivery.service)},
            Cell{delivery.service_class},
            Cell{value_or_none(delivery.address)},
            Cell{std::int64_t{delivery.pid}},
            Cell{delivery.at},
            Cell{delivery.at},
            Cell{std::chrono::microseconds{0}},
            Cell{},
            Cell{false},
            Cell{false},
            Cell{false},
            Cell{false}};
}

ActivityRecord record(const Activity& activity) {
    return std::visit([](const auto& row) { return record(row); }, activity);
}

std::array<Cell, last_login_fields.size()> record(const LastLogin& last) {
    return {Cell{last.user}, Cell{last.service_class}, Cell{last.at}, Cell{value_or_none(last.address)},
            Cell{last.count}};
}

std::array<Cell, status_fields.size()> record(const StoreStatus& status, std::string_view database,
                                              std::string_view exporter_errors) {
    const auto& daemon = status.daemon;
    const std::vector<Counter>& counters = daemon ? daemon->counters : no_counters();
    return {Cell{status.daemon_pid.has_value()},
            Cell{status.daemon_pid ? Value{std::int64_t{*status.daemon_pid}} : Value{}},
            Cell{daemon ? Value{daemon->version} : Value{}},
            Cell{daemon ? Value{daemon->source} : Value{}},
            Cell{daemon ? Value{daemon->started} : Value{}},
            Cell{daemon ? value_or_none(daemon->last_event) : Value{}},
            Cell{daemon ? number(lost(counters)) : Value{}},
            Cell{number(status.sessions_online)},
            Cell{database},
            Cell{number(status.database_bytes)},
            Cell{&counters},
            Cell{exporter_errors.empty() ? Value{} : Value{exporter_errors}}};
}

std::uint64_t lost(const std::vector<Counter>& counters) {
    std::uint64_t sum = 0;
    for (const Counter& counter : counters) {
        sum += counter.is_loss ? counter.value : 0;
    }
    return sum;
}

} // namespace dovewatch::terminal
