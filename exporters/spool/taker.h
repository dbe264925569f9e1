// Takes sessions into the tables, each into the counter of its user once.
#pragma once

#include "exporters/spool/options.h"
#include "store/model.h"
#include "store/reader.h"

#include <cstdint>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

namespace dovewatch::spool {

// Lives within one transaction: holds the statements. Throws SQLite::Exception.
class Taker {
  public:
    Taker(const SpoolOptions& options, bool replayed, SQLite::Database& state);

    // Changes of services that are not exported, and deliveries, are passed over.
    void take(const StoreChange& change);

    // Sessions that were not known as counted.
    std::int64_t new_sessions() const { return new_sessions_; }

  private:
    void open(const Session& session);
    void end(const Session& session, std::int64_t number);
    bool remember(const Session& session, std::int64_t number);

    const SpoolOptions& options_;
    const bool replayed_;
    std::int64_t new_sessions_ = 0;
    SQLite::Statement remember_;
    SQLite::Statement add_;
    SQLite::Statement update_;
    SQLite::Statement open_;
    SQLite::Statement list_;
    SQLite::Statement close_;
};

} // namespace dovewatch::spool
