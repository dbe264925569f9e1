#include "store/writer.h"

#include "store/batch.h"
#include "store/connection.h"
#include "store/database_error.h"
#include "store/day_summaries.h"
#include "store/file.h"
#include "store/last_login_table.h"
#include "store/lock_file.h"
#include "store/row.h"

#include <string>
#include <utility>

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>

namespace dovewatch {
namespace {

// Replaces, so that a session whose begin comes twice is still one row.
constexpr const char* insert_session_sql = R"sql(
INSERT OR REPLACE INTO session(id, user, login, login_since_boot, previous, service, class, address, pid, process_start, logout,
                               "end", estimated, hibernated, reason, statistics, top, retrieved, deleted,
                               "left", bytes, change)
VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
)sql";

// Leaves login out of SET, which would write its index.
constexpr const char* update_session_sql = R"sql(
UPDATE session SET service = ?, class = ?, address = ?, pid = ?, process_start = ?, logout = ?, "end" = ?,
                   estimated = ?, hibernated = ?, reason = ?, statistics = ?, top = ?, retrieved = ?,
                   deleted = ?, "left" = ?, bytes = ?, change = ?
WHERE id = ? AND user = ? AND login = ?
)sql";

constexpr const char* insert_delivery_sql = "INSERT INTO delivery(id, user, service, class, address, pid, "
                                            "at, previous) VALUES(?, ?, ?, ?, ?, ?, ?, ?)";

constexpr const char* replace_checkpoint_sql = R"sql(
INSERT OR REPLACE INTO checkpoint(id, boot_id, at, source_id, position, tracker) VALUES(1, ?, ?, ?, ?, ?)
)sql";

constexpr const char* replace_daemon_sql = R"sql(
INSERT OR REPLACE INTO daemon(id, pid, version, source, started, last_event) VALUES(1, ?, ?, ?, ?, ?)
)sql";

constexpr const char* insert_counter_sql =
    "INSERT INTO counter(stage, name, value, is_loss) VALUES(?, ?, ?, ?)";

// A few milliseconds' work.
constexpr std::size_t retention_rows = 100;

class SqliteWriter : public Writer {
  public:
    SqliteWriter(LockFile lock, std::filesystem::path file, SQLite::Database database)
        : lock_(std::move(lock)), file_(std::move(file)), database_(std::move(database)) {}

    Result<void> commit(std::span<const SessionChange> changes, const Checkpoint& checkpoint) override {
        const std::int64_t last_change = last_change_;
        last_change_ = std::max(last_change_, now());
        auto stored = in_transaction([&] {
            summaries_.take(changes);
            write(make_batch(changes));
            summaries_.write();
            write(checkpoint);
        });
        if (!stored) {
            last_change_ = last_change;
            summaries_.forget_changes();
        }
        return stored;
    }

    Result<bool> retain(const RetentionPolicy& policy, UtcTime now) override {
        bool more = false;
        return in_transaction([&] { more = retention_.step(policy, now, retention_rows); }).map([&] {
            return more;
        });
    }

    Result<void> commit_status(const DaemonStatus& status) override {
        return in_transaction([&] { write(status); });
    }

    Result<std::vector<Session>> open_sessions() const override {
        return guarded(file_, [&]() -> Result<std::vector<Session>> {
            std::vector<Session> sessions;
            Query row(database_,
                      fmt::format("SELECT {}, login_since_boot FROM session INDEXED BY session_online "
                                  "WHERE logout IS NULL ORDER BY id",
                                  online_columns));
            while (row.next()) {
                sessions.push_back(read_online_session(row));
                sessions.back().login_since_boot = std::chrono::microseconds(row.integer());
            }
            return sessions;
        });
    }

    Result<std::optional<Checkpoint>> checkpoint() const override {
        return guarded(file_, [&]() -> Result<std::optional<Checkpoint>> {
            Query row(database_, "SELECT boot_id, at, source_id, position, tracker FROM checkpoint");
            if (!row.next()) {
                return std::nullopt;
            }
            Checkpoint checkpoint;
            checkpoint.boot_id = row.text();
            checkpoint.at = row.time().value_or(UtcTime{});
            checkpoint.position.source_id = row.text();
            checkpoint.position.position = static_cast<std::uint64_t>(row.integer());
            checkpoint.tracker = row.text();
            return checkpoint;
        });
    }

    Result<std::int64_t> next_session_id() const override {
        return guarded(file_, [&]() -> Result<std::int64_t> {
            Query row(database_,
                      "SELECT max(coalesce((SELECT max(id) FROM session), 0) + 1, next_session) FROM house");
            row.next();
            return row.integer();
        });
    }

  private:
    template <typename Work>
    Result<void> in_transaction(Work&& work) {
        return guarded(file_, [&] {
            SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
            work();
            transaction.commit();
        });
    }

    static void run(SQLite::Statement& statement) {
        statement.exec();
        statement.tryReset(); // a statement left half-way would keep its transaction from committing
    }

    static std::int64_t now() {
        return to_column(std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()));
    }

    void write(const Batch& batch) {
        auto last_logins = merge_last_logins(batch);
        for (const Batch::SessionRow& row : batch.sessions) {
            if (row.began != nullptr) {
                auto& newest = last_logins[batch.last_login_of(row.began->user, row.began->service_class)];
                insert(*row.session, newest.newest_session);
                newest.newest_session = row.session->id;
            } else if (!update(*row.session) && !row.only_amended) {
                insert_unknown(*row.session);
            }
        }
        for (const Delivery* delivery : batch.deliveries) {
            auto& newest = last_logins[batch.last_login_of(delivery->user, delivery->service_class)];
            newest.newest_delivery = insert(*delivery, newest.newest_delivery);
        }
        for (std::size_t i = 0; i < last_logins.size(); ++i) {
            last_logins_.replace(*batch.last_logins[i].user, *batch.last_logins[i].service_class,
                                 last_logins[i]);
        }
    }

    std::vector<LastLoginTable::Row> merge_last_logins(const Batch& batch) {
        std::vector<LastLoginTable::Row> merged_rows;
        merged_rows.reserve(batch.last_logins.size());
        for (const Batch::LastLoginRow& row : batch.last_logins) {
            const auto before = last_logins_.find(*row.user, *row.service_class);
            if (!before || DaySummaries::day_of(before->at) < DaySummaries::day_of(row.at)) {
                summaries_.count_user(row.at, *row.service_class);
            }
            merged_rows.push_back(merged(before, row));
        }
        return merged_rows;
    }

    void bind_state(Binder& binder, const Session& session) {
        binder.integer(static_cast<std::int64_t>(session.service))
            .text(session.service_class)
            .address(session.address)
            .integer(session.process.pid)
            .integer(session.process.start_ticks)
            .time(session.logout)
            .integer(static_cast<std::int64_t>(session.end))
            .integer(estimated_bits(session))
            .integer(session.hibernated ? 1 : 0)
            .text(session.reason)
            .text(session.statistics)
            .number(session.numbers.top)
            .number(session.numbers.retrieved)
            .number(session.numbers.deleted)
            .number(session.numbers.left)
            .number(session.numbers.bytes)
            .integer(++last_change_);
    }

    void insert(const Session& session, const std::optional<std::int64_t>& previous) {
        Binder binder(insert_session_);
        binder.integer(session.id).text(session.user).time(session.login);
        binder.integer(session.login_since_boot.count());
        binder.number(previous == session.id ? previous_of(session.id) : previous);
        bind_state(binder, session);
        run(insert_session_);
    }

    std::optional<std::int64_t> previous_of(std::int64_t id) const {
        Query row(database_, "SELECT previous FROM session WHERE id = ?");
        row.bind(1, id);
        return row.next() ? row.number() : std::nullopt;
    }

    // Its begin was never stored.
    void insert_unknown(const Session& session) {
        const Batch::LastLoginRow login{&session.user, &session.service_class, session.login,
                                        &session.address, 1};
        auto last = merged(last_logins_.find(session.user, session.service_class), login);
        insert(session, std::exchange(last.newest_session, session.id));
        last_logins_.replace(session.user, session.service_class, last);
    }

    // False where the database has no such session.
    bool update(const Session& session) {
        Binder binder(update_session_);
        bind_state(binder, session);
        binder.integer(session.id).text(session.user).time(session.login);
        run(update_session_);
        return database_.getChanges() > 0;
    }

    std::int64_t insert(const Delivery& delivery, const std::optional<std::int64_t>& previous) {
        Binder(insert_delivery_)
            .integer(++last_change_)
            .text(delivery.user)
            .integer(static_cast<std::int64_t>(delivery.service))
            .text(delivery.service_class)
            .address(delivery.address)
            .integer(delivery.pid)
            .time(delivery.at)
            .number(previous);
        run(insert_delivery_);
        return last_change_;
    }

    void write(const Checkpoint& checkpoint) {
        Binder(replace_checkpoint_)
            .text(checkpoint.boot_id)
            .time(checkpoint.at)
            .text(checkpoint.position.source_id)
            .integer(static_cast<std::int64_t>(checkpoint.position.position))
            .text(checkpoint.tracker);
        run(replace_checkpoint_);
    }

    void write(const DaemonStatus& status) {
        Binder(replace_daemon_)
            .integer(status.pid)
            .text(status.version)
            .text(status.source)
            .time(status.started)
            .time(status.last_event);
        run(replace_daemon_);
        run(delete_counters_);
        for (const Counter& counter : status.counters) {
            Binder(insert_counter_)
                .text(counter.stage)
                .text(counter.name)
                .integer(static_cast<std::int64_t>(counter.value))
                .integer(counter.is_loss ? 1 : 0);
            run(insert_counter_);
        }
    }

    LockFile lock_; // given back last, when the database is closed
    std::filesystem::path file_;
    SQLite::Database database_;
    SQLite::Statement insert_session_{database_, insert_session_sql};
    SQLite::Statement update_session_{database_, update_session_sql};
    SQLite::Statement insert_delivery_{database_, insert_delivery_sql};
    SQLite::Statement replace_checkpoint_{database_, replace_checkpoint_sql};
    SQLite::Statement replace_daemon_{database_, replace_daemon_sql};
    SQLite::Statement delete_counters_{database_, "DELETE FROM counter"};
    SQLite::Statement insert_counter_{database_, insert_counter_sql};
    LastLoginTable last_logins_{database_};
    DaySummaries summaries_{database_};
    Retention retention_{database_};
    std::int64_t last_change_ = newest_change(database_);
};

} // namespace

Result<std::unique_ptr<Writer>> Writer::open(const std::filesystem::path& file) {
    const auto real = resolve_folder(file);
    if (!real) {
        return tl::make_unexpected(real.error());
    }
    auto lock = LockFile::acquire(real->string() + ".lock");
    if (!lock) {
        return tl::make_unexpected(lock.error());
    }
    auto database = connect_writer(*real);
    if (!database) {
        return tl::make_unexpected(database.error());
    }
    return guarded(*real, [&]() -> Result<std::unique_ptr<Writer>> {
        return std::make_unique<SqliteWriter>(std::move(*lock), *real, std::move(*database));
    });
}

} // namespace dovewatch
