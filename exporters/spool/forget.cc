#include "exporters/spool/place.h"
#include "exporters/spool/spool.h"
#include "exporters/spool/state.h"

#include <filesystem>
#include <system_error>

#include <SQLiteCpp/Transaction.h>

namespace dovewatch {
namespace {

// False where there were none, as where the spool folder is missing.
spool::Attempt<bool> remove_files(const SpoolOptions& options, const std::string& user) {
    std::error_code ignored;
    if (std::filesystem::status(options.folder, ignored).type() == std::filesystem::file_type::not_found) {
        return false;
    }
    const auto folder = spool::Folder::open(options);
    if (!folder) {
        return tl::make_unexpected(folder.error());
    }
    // Folders that are made here for a long name are removed with it.
    auto place = spool::Place::lock(*folder, user, spool::Folder::Missing::create);
    if (!place) {
        return tl::make_unexpected(place.error());
    }
    return place->remove();
}

} // namespace

Result<bool> forget_spool_user(const SpoolOptions& options, SQLite::Database& state,
                               const std::string& user) {
    SQLite::Transaction transaction(state, SQLite::TransactionBehavior::IMMEDIATE);
    spool::make_tables(state); // the exporter may never have run
    const bool known = spool::remove_user(state, user);
    const auto removed = remove_files(options, user);
    if (!removed) {
        return unavailable(removed.error().message);
    }
    transaction.commit();
    return known || *removed;
}

} // namespace dovewatch
