#include "exporters/conveyor.h"

#include "store/database_error.h"

#include <algorithm>
#include <utility>

#include <SQLiteCpp/Transaction.h>

namespace dovewatch {

Conveyor::Conveyor(Exporter& exporter, const Reader& reader, SQLite::Database& state,
                   std::filesystem::path state_file)
    : exporter_(exporter), reader_(reader), state_(state), state_file_(std::move(state_file)) {}

// `work` returns a Result; its error takes back what it wrote.
template <typename Work>
auto Conveyor::in_transaction(Work&& work) {
    return guarded(state_file_, [&] {
        SQLite::Transaction transaction(state_, SQLite::TransactionBehavior::IMMEDIATE);
        auto outcome = work();
        if (outcome) {
            transaction.commit();
        }
        return outcome;
    });
}

Result<void> Conveyor::prepare() {
    return guarded(state_file_,
                   [&]() -> Result<void> {
                       row_.emplace(state_, std::string(exporter_.name()));
                       noted_error_ = row_->error();
                       return exporter_.prepare(state_);
                   })
        .and_then([&] { return meet_store(); });
}

Result<void> Conveyor::meet_store() {
    return reader_.identity().and_then([&](const std::string& identity) {
        return in_transaction([&]() -> Result<void> {
            const std::string known = row_->store_identity();
            if (known == identity) {
                return {};
            }
            if (!known.empty()) {
                exporter_.meet_new_store(state_);
            }
            row_->set_store_identity(identity);
            return {};
        });
    });
}

Result<bool> Conveyor::take() {
    if (auto met = meet_store(); !met) { // the database may have been replaced meanwhile
        return tl::make_unexpected(met.error());
    }
    return in_transaction([&]() -> Result<bool> {
        const auto changes = reader_.changes(row_->cursor(), batch_rows);
        if (!changes) {
            return tl::make_unexpected(changes.error());
        }
        if (changes->empty()) {
            return false;
        }
        return exporter_.take(*changes, false, state_).map([&] {
            row_->advance(changes->back().number, changes->size());
            return changes->size() == batch_rows;
        });
    });
}

Result<Pushed> Conveyor::push() {
    return guarded(state_file_, [&] { return exporter_.push(state_); });
}

Result<void> Conveyor::replay(UtcTime since) {
    std::int64_t from = since.time_since_epoch().count() - 1;
    for (bool more = true; more;) {
        const auto done = in_transaction([&]() -> Result<bool> {
            auto changes = reader_.changes(from, batch_rows);
            if (!changes) {
                return tl::make_unexpected(changes.error());
            }
            const bool full = changes->size() == batch_rows;
            std::erase_if(*changes,
                          [end = row_->cursor()](const auto& change) { return change.number > end; });
            if (changes->empty()) {
                return false;
            }
            from = changes->back().number;
            return exporter_.take(*changes, true, state_).map([&] { return full; });
        });
        if (!done) {
            return tl::make_unexpected(done.error());
        }
        more = *done;
    }
    return {};
}

Result<std::vector<StoreChange>> Conveyor::open_sessions(std::int64_t number) const {
    std::vector<StoreChange> open;
    return reader_
        .online({},
                [&](const Session& session) {
                    open.push_back({number, session});
                    return true;
                })
        .map([&] { return std::move(open); });
}

// Sessions that end between the two looks at the store come again, after the cursor.
Result<void> Conveyor::skip() {
    return in_transaction([&]() -> Result<void> {
        const auto newest = reader_.newest_change();
        if (!newest) {
            return tl::make_unexpected(newest.error());
        }
        const std::int64_t cursor = std::max(row_->cursor(), *newest);
        exporter_.forget_open_sessions(state_);
        return open_sessions(cursor)
            .and_then([&](const auto& open) { return exporter_.take(open, false, state_); })
            .map([&] { row_->advance(cursor, 0); });
    });
}

void Conveyor::note(const Result<Pushed>& attempt) {
    if (!row_) {
        return;
    }
    [[maybe_unused]] const auto stored = guarded(state_file_, [&] {
        note_error(attempt);
        note_waiting();
    });
}

void Conveyor::note_error(const Result<Pushed>& attempt) {
    const std::string error = attempt ? attempt->trouble.value_or(std::string()) : attempt.error().message;
    if (attempt && error == noted_error_) {
        return;
    }
    if (error.empty()) {
        row_->count_success();
    } else {
        row_->count_failure(error);
    }
    noted_error_ = error;
}

void Conveyor::note_waiting() {
    const auto waiting = exporter_.waiting(state_);
    if (waiting && waiting != noted_waiting_) {
        row_->set_counters({{std::string(exporter_.name()), std::string(waiting_counter), *waiting, false}});
        noted_waiting_ = waiting;
    }
}

void Conveyor::note_counters() {
    const auto counters = exporter_.counters();
    std::vector<std::uint64_t> values;
    values.reserve(counters.size());
    for (const Counter& counter : counters) {
        values.push_back(counter.value);
    }
    if (!row_ || values == noted_counters_) {
        return;
    }
    [[maybe_unused]] const auto stored = guarded(state_file_, [&] { row_->set_counters(counters); });
    noted_counters_ = std::move(values);
}

} // namespace dovewatch
