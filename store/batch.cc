#include "store/batch.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace dovewatch {
namespace {

class BatchMaker {
  public:
    void operator()(const SessionBegan& change) {
        const Session& session = change.session;
        add_session(session, &session, false);
        batch_.last_logins.push_back(
            {&session.user, &session.service_class, session.login, &session.address, 1});
    }

    void operator()(const SessionUpdated& change) {
        add_session(change.session, nullptr, change.session.logout.has_value());
    }
    void operator()(const SessionReopened& change) { add_session(change.session, nullptr, false); }
    void operator()(const SessionEnded& change) { add_session(change.session, nullptr, false); }

    void operator()(const Delivered& change) {
        const Delivery& delivery = change.delivery;
        batch_.deliveries.push_back(&delivery);
        batch_.last_logins.push_back(
            {&delivery.user, &delivery.service_class, delivery.at, &delivery.address, 1});
    }

    Batch take() {
        merge_last_logins();
        return std::move(batch_);
    }

  private:
    void add_session(const Session& session, const Session* began, bool amended) {
        const auto [place, is_new] = places_.try_emplace(session.id, batch_.sessions.size());
        if (is_new) {
            batch_.sessions.push_back({&session, began, amended});
            return;
        }
        Batch::SessionRow& row = batch_.sessions[place->second];
        row.session = &session;
        row.only_amended = row.only_amended && amended;
        row.began = row.began != nullptr ? row.began : began;
    }

    // The order of the key also lets the upserts walk the table's pages once, from left to right.
    void merge_last_logins() {
        auto& rows = batch_.last_logins;
        std::stable_sort(rows.begin(), rows.end(), [](const auto& left, const auto& right) {
            return std::tie(*left.user, *left.service_class, left.at) <
                   std::tie(*right.user, *right.service_class, right.at);
        });
        auto kept = rows.begin();
        for (const auto& row : rows) {
            const bool same = kept != rows.begin() && *std::prev(kept)->user == *row.user &&
                              *std::prev(kept)->service_class == *row.service_class;
            const std::int64_t count_before = same ? (--kept)->count : 0;
            *kept = row;
            kept->count += count_before;
            ++kept;
        }
        rows.erase(kept, rows.end());
    }

    Batch batch_;
    std::unordered_map<std::int64_t, std::size_t> places_;
};

} // namespace

std::size_t Batch::last_login_of(const std::string& user, const std::string& service_class) const {
    const auto found = std::lower_bound(last_logins.begin(), last_logins.end(), std::tie(user, service_class),
                                        [](const LastLoginRow& row, const auto& key) {
                                            return std::tie(*row.user, *row.service_class) < key;
                                        });
    return static_cast<std::size_t>(found - last_logins.begin());
}

Batch make_batch(std::span<const SessionChange> changes) {
    BatchMaker maker;
    for (const SessionChange& change : changes) {
        std::visit(maker, change);
    }
    return maker.take();
}

} // namespace dovewatch
