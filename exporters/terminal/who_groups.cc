#include "exporters/terminal/who_groups.h"

#include "exporters/terminal/address_text.h"
#include "exporters/terminal/text.h"

#include <algorithm>
#include <array>

namespace dovewatch::terminal {
namespace {

constexpr std::array columns{Column{"username", 24}, Column{"#", 2, true}, Column{"service", 11},
                             Column{"(pids)", 16}, Column{"(ips)"}};

template <typename T>
void make_distinct(std::vector<T>& values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
}

void append_item(fmt::memory_buffer& out, std::int32_t pid) {
    const fmt::format_int text(pid);
    append(out, {text.data(), text.size()});
}

void append_item(fmt::memory_buffer& out, const Address& address) {
    append_address(out, address);
}

template <typename T>
void append_items(fmt::memory_buffer& out, const std::vector<T>& items) {
    for (const T& item : items) {
        append(out, &item == items.data() ? "" : " ");
        append_item(out, item);
    }
}

void append_hibernated(fmt::memory_buffer& out, std::int64_t hibernated, bool first) {
    if (hibernated == 0) {
        return;
    }
    append(out, first ? "+" : " +");
    const fmt::format_int text(hibernated);
    append(out, {text.data(), text.size()});
    append(out, " hibernated");
}

} // namespace

WhoGroups::WhoGroups(RowSink& sink) : sink_(sink) {
    sink_.begin(columns);
}

bool WhoGroups::add(const Session& session) {
    if (session.user != user_) {
        if (!put_groups()) {
            return false;
        }
        user_ = session.user;
    }
    Group& group = group_of(session.service);
    ++group.sessions;
    if (session.hibernated) {
        ++group.hibernated;
    } else {
        group.pids.push_back(session.process.pid);
    }
    if (session.address) {
        group.addresses.push_back(*session.address);
    }
    return true;
}

void WhoGroups::end() {
    if (put_groups()) {
        sink_.end();
    }
}

WhoGroups::Group& WhoGroups::group_of(Service service) {
    for (std::size_t i = 0; i < used_; ++i) {
        if (groups_[i].service == service) {
            return groups_[i];
        }
    }
    if (used_ == groups_.size()) {
        groups_.emplace_back();
    }
    Group& fresh = groups_[used_++];
    fresh.service = service;
    fresh.sessions = fresh.hibernated = 0;
    fresh.pids.clear();
    fresh.addresses.clear();
    return fresh;
}

bool WhoGroups::put_groups() {
    bool wanted = true;
    for (std::size_t i = 0; i < used_ && wanted; ++i) {
        wanted = put(groups_[i]);
    }
    used_ = 0;
    return wanted;
}

bool WhoGroups::put(Group& group) {
    make_distinct(group.pids);
    make_distinct(group.addresses);
    pids_text_.clear();
    pids_text_.push_back('(');
    append_items(pids_text_, group.pids);
    append_hibernated(pids_text_, group.hibernated, group.pids.empty());
    pids_text_.push_back(')');
    addresses_text_.clear();
    addresses_text_.push_back('(');
    append_items(addresses_text_, group.addresses);
    addresses_text_.push_back(')');
    const std::array<Cell, columns.size()> cells{Cell{user_}, Cell{group.sessions},
                                                 Cell{to_string(group.service)}, Cell{view(pids_text_)},
                                                 Cell{view(addresses_text_)}};
    return sink_.row(cells);
}

} // namespace dovewatch::terminal
