// What programs read: every field on its own, the same in JSON and CSV.
#pragma once

#include "exporters/terminal/row_sink.h"
#include "store/model.h"
#include "store/reader.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace dovewatch::terminal {

inline constexpr std::array online_fields{Column{"kind"},
                                          Column{"user"},
                                          Column{"service"},
                                          Column{"class"},
                                          Column{"address"},
                                          Column{"pid"},
                                          Column{"login"},
                                          Column{"logout"},
                                          Column{"duration"},
                                          Column{"end"},
                                          Column{"estimated"},
                                          Column{"login_estimated"},
                                          Column{"logout_estimated"},
                                          Column{"hibernated"}};

// The cells look into the row.
std::array<Cell, online_fields.size()> online_record(const Session& session);

// What is known beside once a session has ended.
inline constexpr std::array ended_fields{Column{"reason"},    Column{"statistics"}, Column{"top"},
                                         Column{"retrieved"}, Column{"deleted"},    Column{"left"},
                                         Column{"bytes"}};

template <typename T, std::size_t first_size, std::size_t second_size>
constexpr std::array<T, first_size + second_size> joined(const std::array<T, first_size>& first,
                                                         const std::array<T, second_size>& second) {
    std::array<T, first_size + second_size> both{};
    std::copy(second.begin(), second.end(), std::copy(first.begin(), first.end(), both.begin()));
    return both;
}

inline constexpr auto activity_fields = joined(online_fields, ended_fields);

using ActivityRecord = std::array<Cell, activity_fields.size()>;

ActivityRecord record(const Session& session);
ActivityRecord record(const Delivery& delivery); // login and logout are its time
ActivityRecord record(const Activity& activity);

inline constexpr std::array last_login_fields{Column{"user"}, Column{"class"}, Column{"login"},
                                              Column{"address"}, Column{"count"}};

std::array<Cell, last_login_fields.size()> record(const LastLogin& last);

inline constexpr std::array status_fields{Column{"running"},  Column{"pid"},
                                          Column{"version"},  Column{"source"},
                                          Column{"started"},  Column{"last_event"},
                                          Column{"lost"},     Column{"sessions_online"},
                                          Column{"database"}, Column{"database_bytes"},
                                          Column{"counters"}, Column{"exporter_errors"}};

// The cells look into the texts.
std::array<Cell, status_fields.size()> record(const StoreStatus& status, std::string_view database,
                                              std::string_view exporter_errors);

// The sum of the counters that are losses.
std::uint64_t lost(const std::vector<Counter>& counters);

template <typename T>
Value value_or_none(const std::optional<T>& value) {
    return value ? Value{*value} : Value{};
}

} // namespace dovewatch::terminal
