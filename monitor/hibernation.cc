#include "monitor/hibernation.h"

#include <algorithm>
#include <iterator>

namespace dovewatch {
namespace {

bool within_reach(BootTime earlier, BootTime later) {
    return earlier <= later && later - earlier <= Hibernation::reach;
}

void forget_old(std::vector<BootTime>& times, BootTime now) {
    std::erase_if(times, [now](BootTime time) { return now - time > Hibernation::reach; });
}

constexpr BootTime presumption_age = std::chrono::hours(24); // what is older returns no more

} // namespace

std::size_t Hibernation::Pool::unended() const {
    return static_cast<std::size_t>(
        std::count_if(sessions.begin(), sessions.end(), [](const auto& one) { return !one.presumed_end; }));
}

// What was presumed of it is then true of another.
HibernatedSession Hibernation::Pool::take(std::vector<HibernatedSession>::iterator at) {
    HibernatedSession taken = std::move(*at);
    sessions.erase(at);
    if (taken.presumed_end) {
        falls.insert(falls.begin(), *taken.presumed_end);
    }
    return taken;
}

Hibernation::Pool* Hibernation::find(std::int32_t master) {
    const auto found = pools_.find(master);
    return found == pools_.end() ? nullptr : &found->second;
}

void Hibernation::process_appeared(std::int32_t master, bool count_known) {
    Pool& pool = pools_[master];
    ++pool.processes;
    pool.uncounted_processes += count_known ? 0 : 1;
    std::move(unplaced_.begin(), unplaced_.end(), std::back_inserter(pool.sessions));
    unplaced_.clear();
}

void Hibernation::process_vanished(std::int32_t master, std::optional<std::uint32_t> count) {
    Pool& pool = pools_[master];
    pool.processes -= std::min(pool.processes, 1U);
    if (!count) {
        pool.uncounted_processes -= std::min(pool.uncounted_processes, 1U);
    }
    pool.count -= std::min(pool.count, count.value_or(0));
}

void Hibernation::count_rose(std::int32_t master, std::uint32_t by, BootTime at) {
    Pool& pool = pools_[master];
    pool.count += by;
    forget_old(pool.rises, at);
    // More than that do not come together; a title can say any number.
    pool.rises.insert(pool.rises.end(), std::min(by, 100U), at);
}

std::optional<HibernatedSession> Hibernation::count_fell(std::int32_t master, BootTime at) {
    Pool& pool = pools_[master];
    pool.count -= std::min(pool.count, 1U);
    forget_old(pool.owed_falls, at);
    if (!pool.owed_falls.empty()) {
        pool.owed_falls.erase(pool.owed_falls.begin());
        return std::nullopt;
    }
    const auto claimed = std::find_if(pool.sessions.begin(), pool.sessions.end(), [at](const auto& session) {
        return session.claim && within_reach(session.claimed_at, at);
    });
    if (claimed != pool.sessions.end()) {
        --claims_;
        return pool.take(claimed);
    }
    pool.falls.push_back(at);
    // Sessions from before our time may be among the ended: what is too much concerns them.
    if (pool.falls.size() > pool.unended()) {
        pool.falls.erase(pool.falls.begin());
    }
    return std::nullopt;
}

void Hibernation::count_found(std::int32_t master, std::uint32_t count, BootTime at) {
    Pool& pool = pools_[master];
    pool.uncounted_processes -= std::min(pool.uncounted_processes, 1U);
    pool.count += count;
    const std::size_t known = pool.unended();
    pool.falls.insert(pool.falls.end(), known - std::min<std::size_t>(known, pool.count), at);
}

std::optional<BootTime> Hibernation::take_rise(std::int32_t master, BootTime deinit_at) {
    Pool* pool = find(master);
    if (pool == nullptr) {
        return std::nullopt;
    }
    const auto rise = std::find_if(pool->rises.begin(), pool->rises.end(),
                                   [deinit_at](BootTime rose) { return within_reach(rose, deinit_at); });
    if (rise == pool->rises.end()) {
        return std::nullopt;
    }
    const BootTime rose = *rise;
    pool->rises.erase(rise);
    return rose;
}

void Hibernation::add(std::int32_t master, HibernatedSession hibernated) {
    pools_[master].sessions.push_back(std::move(hibernated));
}

std::optional<HibernatedSession> Hibernation::undo(std::int32_t master, std::int64_t session_id) {
    Pool* pool = find(master);
    if (pool == nullptr) {
        return std::nullopt;
    }
    const auto found = std::find_if(pool->sessions.begin(), pool->sessions.end(),
                                    [session_id](const auto& one) { return one.session.id == session_id; });
    if (found == pool->sessions.end() || found->claim || found->presumed_end) {
        return std::nullopt;
    }
    pool->rises.push_back(found->count_rose);
    return pool->take(found);
}

HibernatedSession* Hibernation::find(Pool* pool, std::string_view user,
                                     const std::optional<Address>& address) {
    if (pool == nullptr) {
        return nullptr;
    }
    HibernatedSession* newest = nullptr;
    for (HibernatedSession& one : pool->sessions) {
        const bool matches = !one.claim && one.session.user == user && one.session.address == address;
        if (matches && (newest == nullptr || !one.presumed_end || newest->presumed_end)) {
            newest = &one;
        }
    }
    return newest;
}

std::optional<HibernatedSession> Hibernation::take_returning(std::int32_t master, std::string_view user,
                                                             const std::optional<Address>& address,
                                                             BootTime at) {
    Pool* pool = find(master);
    HibernatedSession* found = find(pool, user, address);
    if (found == nullptr) {
        return std::nullopt;
    }
    pool->owed_falls.push_back(at);
    return pool->take(pool->sessions.begin() + (found - pool->sessions.data()));
}

bool Hibernation::claim(std::int32_t master, std::string_view user, const std::optional<Address>& address,
                        ProcessKey process, BootTime at) {
    Pool* pool = find(master);
    HibernatedSession* found = find(pool, user, address);
    if (found == nullptr || pool->processes == 0) {
        return false;
    }
    found->claim = process;
    found->claimed_at = at;
    ++claims_;
    return true;
}

void Hibernation::drop_claim(std::int32_t master, ProcessKey process) {
    Pool* pool = find(master);
    if (pool == nullptr) {
        return;
    }
    for (HibernatedSession& session : pool->sessions) {
        if (session.claim == process) {
            session.claim.reset();
            --claims_;
        }
    }
}

std::vector<ProcessKey> Hibernation::expire_claims(BootTime now) {
    std::vector<ProcessKey> expired;
    if (claims_ == 0) {
        return expired;
    }
    for (auto& [master, pool] : pools_) {
        for (const HibernatedSession& session : pool.sessions) {
            if (session.claim && now - session.claimed_at > reach) {
                expired.push_back(*session.claim);
            }
        }
    }
    return expired;
}

std::vector<HibernatedEnd> Hibernation::settle(std::int32_t master, BootTime now) {
    std::vector<HibernatedEnd> ended;
    Pool* pool = find(master);
    if (pool == nullptr) {
        return ended;
    }
    if (!pool->is_empty()) {
        return ended;
    }
    std::size_t next_fall = 0;
    for (HibernatedSession& session : pool->sessions) {
        claims_ -= session.claim ? 1 : 0;
        if (session.presumed_end && !session.claim) {
            continue;
        }
        const BootTime fell = next_fall < pool->falls.size() ? pool->falls[next_fall++] : now;
        ended.push_back({std::move(session), fell});
    }
    pool->sessions.clear();
    pool->falls.clear();
    return ended;
}

std::vector<HibernatedEnd> Hibernation::presume(BootTime now) {
    std::vector<HibernatedEnd> ended;
    for (auto& [master, pool] : pools_) {
        std::erase_if(pool.sessions, [now](const HibernatedSession& one) {
            return one.presumed_end && !one.claim && now - *one.presumed_end > presumption_age;
        });
        while (pool.uncounted_processes == 0 && !pool.falls.empty() && now - pool.falls.front() >= patience) {
            const auto oldest = std::find_if(pool.sessions.begin(), pool.sessions.end(),
                                             [](const auto& one) { return !one.claim && !one.presumed_end; });
            if (oldest == pool.sessions.end()) {
                break;
            }
            ended.push_back({*oldest, pool.falls.front()});
            oldest->presumed_end = pool.falls.front();
            pool.falls.erase(pool.falls.begin());
        }
    }
    return ended;
}

bool Hibernation::is_empty(std::int32_t master) const {
    const auto found = pools_.find(master);
    return found == pools_.end() || found->second.is_empty();
}

std::vector<HibernatedSession> Hibernation::take_lost() {
    std::vector<HibernatedSession> lost = std::move(unplaced_);
    unplaced_.clear();
    for (auto& [master, pool] : pools_) {
        if (pool.processes == 0) {
            std::move(pool.sessions.begin(), pool.sessions.end(), std::back_inserter(lost));
        }
    }
    std::erase_if(pools_, [](const auto& entry) { return entry.second.processes == 0; });
    for (const HibernatedSession& session : lost) {
        claims_ -= session.claim ? 1 : 0;
    }
    return lost;
}

std::vector<Hibernation::Ledger> Hibernation::ledgers() const {
    std::vector<Ledger> ledgers;
    for (const auto& [master, pool] : pools_) {
        if (pool.processes == 0) {
            continue;
        }
        Ledger ledger{master,     pool.processes, pool.uncounted_processes, pool.count,
                      pool.rises, pool.falls,     pool.owed_falls,          {},
                      {}};
        if (pools_.size() > 1) {
            ledger.sessions.emplace();
        }
        for (const HibernatedSession& one : pool.sessions) {
            if (ledger.sessions) {
                ledger.sessions->insert(one.session.id);
            }
            if (one.claim) {
                ledger.claims.push_back({one.session.id, *one.claim, one.claimed_at});
            }
        }
        ledgers.push_back(std::move(ledger));
    }
    return ledgers;
}

void Hibernation::restore(const Ledger& ledger) {
    Pool& pool = pools_[ledger.master];
    pool.processes = ledger.processes;
    pool.uncounted_processes = ledger.uncounted_processes;
    pool.count = ledger.count;
    pool.rises = ledger.rises;
    pool.falls = ledger.falls;
    pool.owed_falls = ledger.owed_falls;
    const auto others = [&](const HibernatedSession& one) {
        return ledger.sessions && !ledger.sessions->contains(one.session.id);
    };
    const auto own = std::stable_partition(unplaced_.begin(), unplaced_.end(), others);
    std::move(own, unplaced_.end(), std::back_inserter(pool.sessions));
    unplaced_.erase(own, unplaced_.end());
    for (HibernatedSession& one : pool.sessions) {
        for (const Ledger::Claim& claim : ledger.claims) {
            if (claim.session_id == one.session.id) {
                one.claim = claim.process;
                one.claimed_at = claim.at;
                ++claims_;
            }
        }
    }
}

} // namespace dovewatch
