#include "monitor/probe_handover.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

namespace dovewatch {

namespace {

bool tell_the_same(const ExecEvent& one, const ExecEvent& other) {
    return one.arguments == other.arguments;
}

bool tell_the_same(const TitleEvent& one, const TitleEvent& other) {
    return one.text == other.text;
}

bool tell_the_same(const LogoutEvent& one, const LogoutEvent& other) {
    return std::tie(one.reason, one.statistics) == std::tie(other.reason, other.statistics);
}

bool tell_the_same(const ExitEvent& one, const ExitEvent& other) {
    return one.status == other.status;
}

bool are_twins(const ProcessEvent& one, const ProcessEvent& other) {
    const auto distance = one.at < other.at ? other.at - one.at : one.at - other.at;
    return distance <= twin_distance && std::visit(
                                            [&](const auto& what) {
                                                using What = std::decay_t<decltype(what)>;
                                                const auto* same_kind = std::get_if<What>(&other.what);
                                                return same_kind && tell_the_same(what, *same_kind);
                                            },
                                            one.what);
}

} // namespace

std::vector<ProcessEvent> join_events(std::vector<ProcessEvent> older, std::vector<ProcessEvent> newer,
                                      BootTime both_since) {
    std::multimap<ProcessKey, const ProcessEvent*> alone;
    for (const auto& event : older) {
        alone.emplace(event.process, &event);
    }
    std::erase_if(newer, [&](const ProcessEvent& event) {
        const auto [begin, end] = alone.equal_range(event.process);
        const auto twin =
            std::find_if(begin, end, [&](const auto& entry) { return are_twins(*entry.second, event); });
        if (twin != end) {
            alone.erase(twin);
            return true;
        }
        return event.at < both_since;
    });
    older.insert(older.end(), std::make_move_iterator(newer.begin()), std::make_move_iterator(newer.end()));
    std::stable_sort(older.begin(), older.end(),
                     [](const auto& one, const auto& other) { return one.at < other.at; });
    return older;
}

} // namespace dovewatch
