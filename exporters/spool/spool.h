// The spool exporter: a file per user, as dovestats kept them.
#pragma once

#include "exporters/exporter.h"
#include "exporters/spool/options.h"
#include "exporters/spool/pass.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace dovewatch {

// What the exporter needs of the world around it. The thread of the exporter calls these.
struct SpoolSurroundings {
    std::function<void(const std::string&)> report = [](const std::string&) {}; // a line to the administrator
    std::function<UtcTime()> utc_now = [] {
        return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    };
    std::function<Exporter::Clock::time_point()> now = Exporter::Clock::now;
};

// FOLDER/USER holds "COUNTER\nSTATISTICS\n" (content.h, file_name.h); its mtime is the newest logout.
//
// Why a counter never drifts, wherever the process is killed. The state holds two numbers for each user:
// `counter`, what the file must say, and `written`, what it was last known to say.
// - A session adds one to `counter` in the transaction that remembers its id with its login and stores the
//   cursor: once.
// - A file is written with `counter` itself, never by adding to what it says; so writing it twice is the
// same.
// - It is written only where `written` was committed before and the file, under its lock, says no other
// number.
//   A file that is seen for the first time, or that somebody else has changed, first has its number committed
//   as `written`, with `counter` moved along by the same amount.
// - So a kill after the writing and before the commit that makes `written` equal to `counter` leaves a file
//   with a number above `written`, and, since counters only grow, not above `counter`: it is ours, and is
//   written again. Only after a kill, or a failed commit, is a number in between taken for ours.
// - The files of a round are flushed to the disk before that commit. So a power cut leaves no file that is
//   older than `written`, where `state` uses synchronous=FULL.
// One limit follows: what another program adds to a file in the very time that a kill leaves open may be
// taken for ours.
class SpoolExporter : public Exporter {
  public:
    explicit SpoolExporter(SpoolOptions options, SpoolSurroundings surroundings = {});

    std::string_view name() const override { return "spool"; }

    // Kind usage: the folder is none, or the process may not give its files to the owner or the group.
    // Kind unavailable: the folder is missing or cannot be written; the tables are there nevertheless.
    Result<void> prepare(SQLite::Database& state) override;

    Result<void> take(std::span<const StoreChange> changes, bool replayed, SQLite::Database& state) override;

    // Kind unavailable where no file can be written. Trouble where those of single users could not: all
    // others were. A file that another process locks is tried again after 200 ms and is no trouble for a
    // minute.
    Result<Pushed> push(SQLite::Database& state) override;

    void meet_new_store(SQLite::Database& state) override;
    void forget_open_sessions(SQLite::Database& state) override;

    // Users whose files must be written.
    std::optional<std::uint64_t> waiting(SQLite::Database& state) const override;

    // Any thread may ask.
    std::vector<Counter> counters() const override;

  private:
    void touch_when_due(const spool::Folder& folder, const spool::Moment& moment, SQLite::Database& state);
    std::chrono::milliseconds until_next(const spool::Pass& pass, Clock::time_point now) const;

    const SpoolOptions options_;
    const SpoolSurroundings surroundings_;
    spool::Tally tally_;
    spool::Memory memory_;
    std::int64_t unpruned_ = 0;
    std::optional<Clock::time_point> touched_;
    bool is_unsure_ = false; // a pass was broken off between writing files and storing that
};

// Removes all that is kept of the user: rows, file, files that were kept aside. False where there was
// nothing. In one transaction of its own: on error nothing is removed from `state`, and it can be tried
// again. Any process may call it, with a connection of its own, while the exporter runs; kind unavailable
// where the file is locked. Throws SQLite::Exception.
Result<bool> forget_spool_user(const SpoolOptions& options, SQLite::Database& state, const std::string& user);

} // namespace dovewatch
