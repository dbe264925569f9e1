// What the session tracker leaves to its successor beside the open sessions, as CBOR: user names are bytes,
// and JSON would refuse some.
#include "monitor/tracker_state.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace dovewatch {
namespace {

using nlohmann::json;

constexpr int format = 3;

json times_to_json(const std::vector<BootTime>& times) {
    json out = json::array();
    for (const BootTime time : times) {
        out.push_back(time.count());
    }
    return out;
}

std::vector<BootTime> to_times(const json& in) {
    std::vector<BootTime> times;
    for (const json& time : in) {
        times.emplace_back(time.get<std::int64_t>());
    }
    return times;
}

json key_to_json(const ProcessKey& key) {
    return json::array({key.pid, key.start_ticks});
}

ProcessKey to_key(const json& in) {
    return {in.at(0).get<std::int32_t>(), in.at(1).get<std::int64_t>()};
}

json line_to_json(const std::shared_ptr<const LogoutEvent>& line) {
    return line ? json::array({line->reason, line->statistics, line->structured}) : json::array();
}

std::shared_ptr<const LogoutEvent> to_line(const json& in) {
    if (in.empty()) {
        return nullptr;
    }
    return std::make_shared<const LogoutEvent>(
        LogoutEvent{in.at(0).get<std::string>(), in.at(1).get<std::string>(), in.at(2).get<bool>()});
}

json process_to_json(const ProcessState& process) {
    const OpenSession& session = process.session;
    return {{"key", key_to_json(process.key)},
            {"parent", process.parent_pid},
            {"role", static_cast<int>(process.role)},
            {"phase", static_cast<int>(process.phase)},
            {"past", static_cast<int>(process.past)},
            {"stages_seen", static_cast<bool>(process.stages_seen)},
            {"shared", static_cast<bool>(process.shared)},
            {"count_fell", static_cast<bool>(process.count_fell)},
            {"connections", process.connections},
            {"exec_at", process.exec_at.count()},
            {"since", process.since.count()},
            {"count_rose", process.count_rose.count()},
            {"id", session.id},
            {"user", session.user},
            {"address", session.address ? session.address->to_string() : std::string()},
            {"login", session.login.time_since_epoch().count()},
            {"login_at", session.login_at.count()},
            {"login_estimated", session.login_estimated},
            {"end", static_cast<int>(process.end)},
            {"end_estimated", static_cast<bool>(process.end_estimated)},
            {"line", line_to_json(session.line)}};
}

ProcessState to_process(const json& in) {
    ProcessState process;
    process.key = to_key(in.at("key"));
    process.parent_pid = in.at("parent").get<std::int32_t>();
    process.role = static_cast<ProcessRole>(in.at("role").get<int>());
    process.phase = static_cast<ProcessState::Phase>(in.at("phase").get<int>());
    process.past = static_cast<ProcessState::Past>(in.at("past").get<int>());
    process.stages_seen = in.at("stages_seen").get<bool>();
    process.shared = in.at("shared").get<bool>();
    process.count_fell = in.at("count_fell").get<bool>();
    process.connections = in.at("connections").get<std::uint32_t>();
    process.exec_at = BootTime{in.at("exec_at").get<std::int64_t>()};
    process.since = BootTime{in.at("since").get<std::int64_t>()};
    process.count_rose = BootTime{in.at("count_rose").get<std::int64_t>()};
    process.session.id = in.at("id").get<std::int64_t>();
    process.session.user = in.at("user").get<std::string>();
    process.session.address = Address::parse(in.at("address").get<std::string>());
    process.session.login = UtcTime{std::chrono::microseconds{in.at("login").get<std::int64_t>()}};
    process.session.login_at = BootTime{in.at("login_at").get<std::int64_t>()};
    process.session.login_estimated = in.at("login_estimated").get<bool>();
    process.end = static_cast<End>(in.at("end").get<int>());
    process.end_estimated = in.at("end_estimated").get<bool>();
    process.session.line = to_line(in.at("line"));
    return process;
}

json ledger_to_json(const Hibernation::Ledger& ledger) {
    json claims = json::array();
    for (const auto& claim : ledger.claims) {
        claims.push_back(json::array({claim.session_id, key_to_json(claim.process), claim.at.count()}));
    }
    return {{"master", ledger.master},
            {"processes", ledger.processes},
            {"uncounted", ledger.uncounted_processes},
            {"count", ledger.count},
            {"rises", times_to_json(ledger.rises)},
            {"falls", times_to_json(ledger.falls)},
            {"owed_falls", times_to_json(ledger.owed_falls)},
            {"claims", std::move(claims)},
            {"sessions", ledger.sessions ? json(*ledger.sessions) : json()}};
}

Hibernation::Ledger to_ledger(const json& in) {
    Hibernation::Ledger ledger;
    ledger.master = in.at("master").get<std::int32_t>();
    ledger.processes = in.at("processes").get<std::uint32_t>();
    ledger.uncounted_processes = in.at("uncounted").get<std::uint32_t>();
    ledger.count = in.at("count").get<std::uint32_t>();
    ledger.rises = to_times(in.at("rises"));
    ledger.falls = to_times(in.at("falls"));
    ledger.owed_falls = to_times(in.at("owed_falls"));
    for (const json& claim : in.at("claims")) {
        ledger.claims.push_back({claim.at(0).get<std::int64_t>(), to_key(claim.at(1)),
                                 BootTime{claim.at(2).get<std::int64_t>()}});
    }
    if (const json& sessions = in.at("sessions"); !sessions.is_null()) {
        ledger.sessions = sessions.get<std::unordered_set<std::int64_t>>();
    }
    return ledger;
}

} // namespace

bool Tracker::State::is_notable(const ProcessState& process) {
    // Its title may stand for as long as autoexpunge takes, and must not be taken for another session's.
    const bool is_taking_leave =
        (process.phase == Phase::left || process.phase == Phase::hibernated) && !process.idled;
    return process.role == ProcessRole::lda || process.role == ProcessRole::imap_hibernate ||
           process.phase == Phase::undecided || process.connections > 0 || is_taking_leave ||
           ((process.phase == Phase::running || process.phase == Phase::silent) && process.session.line);
}

std::string Tracker::State::memory() const {
    if (notable_.empty()) {
        return {};
    }
    json processes = json::array();
    for (const ProcessKey& key : notable_) {
        processes.push_back(process_to_json(processes_.at(key)));
    }
    json ledgers = json::array();
    for (const Hibernation::Ledger& ledger : hibernation_.ledgers()) {
        ledgers.push_back(ledger_to_json(ledger));
    }
    json lines = json::array();
    for (const auto& [pid, master] : masters_) {
        for (const auto& line : master.hibernate_lines) {
            lines.push_back(json::array({pid, line_to_json(line)}));
        }
    }
    const json out = {{"format", format},
                      {"processes", std::move(processes)},
                      {"ledgers", std::move(ledgers)},
                      {"lines", std::move(lines)}};
    const auto bytes = json::to_cbor(out);
    return {bytes.begin(), bytes.end()};
}

// A session that was announced is among the restored ones, whose login in UTC is right.
void Tracker::State::restore_process(ProcessState process) {
    const auto [first, last] = restored_.equal_range(process.key);
    const auto own = std::find_if(
        first, last, [&](const auto& entry) { return entry.second.session.id == process.session.id; });
    if (own != last) {
        auto line = std::move(process.session.line);
        process.session = std::move(own->second.session);
        process.session.line = std::move(line);
        restored_.erase(own);
    }
    if (process.role != ProcessRole::lda) {
        Master& master = masters_[process.parent_pid];
        ++master.processes;
        master.stages_seen = master.stages_seen || process.stages_seen;
    }
    const ProcessKey key = process.key;
    notable_.insert(key);
    processes_.insert_or_assign(key, std::move(process));
}

void Tracker::State::restore_memory(std::string_view memory) {
    if (memory.empty()) {
        return;
    }
    std::vector<ProcessState> processes;
    std::vector<Hibernation::Ledger> ledgers;
    std::vector<std::pair<std::int32_t, std::shared_ptr<const LogoutEvent>>> lines;
    try {
        const json in = json::from_cbor(memory.begin(), memory.end());
        if (in.at("format").get<int>() != format) {
            return;
        }
        for (const json& process : in.at("processes")) {
            processes.push_back(to_process(process));
        }
        for (const json& ledger : in.at("ledgers")) {
            ledgers.push_back(to_ledger(ledger));
        }
        for (const json& line : in.at("lines")) {
            lines.emplace_back(line.at(0).get<std::int32_t>(), to_line(line.at(1)));
        }
    } catch (const json::exception&) {
        return;
    }
    for (ProcessState& process : processes) {
        restore_process(std::move(process));
    }
    for (const Hibernation::Ledger& ledger : ledgers) {
        hibernation_.restore(ledger);
    }
    for (auto& [master, line] : lines) {
        masters_[master].hibernate_lines.push_back(std::move(line));
    }
}

} // namespace dovewatch
