#include "exporters/spool/place.h"
#include "exporters/spool/spool.h"
#include "exporters/spool/state.h"

#include <SQLiteCpp/Transaction.h>

namespace dovewatch {
namespace {

tl::unexpected<Error> not_forgotten(const spool::Trouble& trouble) {
    return unavailable(trouble.message);
}

} // namespace

Result<bool> forget_spool_user(const SpoolOptions& options, SQLite::Database& state,
                               const std::string& user) {
    const auto folder = spool::Folder::open(options);
    if (!folder) {
        return not_forgotten(folder.error());
    }
    SQLite::Transaction transaction(state, SQLite::TransactionBehavior::IMMEDIATE);
    const bool known = spool::remove_user(state, user);
    // Folders that are made here for a long name are removed with it.
    auto place = spool::Place::lock(*folder, user, spool::Folder::Missing::create);
    if (!place) {
        return not_forgotten(place.error());
    }
    const auto removed = place->remove();
    if (!removed) {
        return not_forgotten(removed.error());
    }
    transaction.commit();
    return known || *removed;
}

} // namespace dovewatch
