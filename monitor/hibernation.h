// The sessions that imap-hibernate holds, per Dovecot master.
//
// imap-hibernate shows how many there are, never whose. A session goes in when the count rises just before
// its imap process says (deinit); it comes out when an imap process shows its user again, just before the
// count falls. When the count falls without that, one of them has ended, and which one is known only when no
// other is left. Where that does not come about within `patience`, the one that went in first is presumed to
// be it; if it returns all the same, it was another.
#pragma once

#include "monitor/process_event.h"
#include "monitor/process_state.h"
#include "store/address.h"
#include "store/model.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace dovewatch {

struct HibernatedSession {
    OpenSession session;
    ProcessKey process; // the last one that it ran in
    BootTime since{};
    BootTime count_rose{};           // that said so
    std::optional<ProcessKey> claim; // where it may have returned
    BootTime claimed_at{};
    std::optional<BootTime> presumed_end; // told as its end
};

struct HibernatedEnd {
    HibernatedSession hibernated;
    BootTime at{};
};

// Pure bookkeeping: writes no changes. Not thread-safe.
class Hibernation {
  public:
    // Titles of two processes that belong together are at most this far apart.
    static constexpr BootTime reach = std::chrono::seconds(2);
    // A client in IDLE is to speak up within 29 minutes (RFC 2177), which brings most of them back.
    static constexpr BootTime patience = std::chrono::minutes(30);

    // Sessions of an earlier daemon belong to the first imap-hibernate that appears.
    void restore(HibernatedSession hibernated) { unplaced_.push_back(std::move(hibernated)); }

    // A process that was not seen to start may hold any number of sessions until count_found.
    void process_appeared(std::int32_t master, bool count_known);
    // `count`: its last one, where it is known. The sessions behind it are gone.
    void process_vanished(std::int32_t master, std::optional<std::uint32_t> count);

    void count_rose(std::int32_t master, std::uint32_t by, BootTime at);
    // Which claim this confirms; its session is hibernated no more.
    std::optional<HibernatedSession> count_fell(std::int32_t master, BootTime at);
    // The first count of a process that was not seen to start.
    void count_found(std::int32_t master, std::uint32_t count, BootTime at);

    // The rise of the count that explains a (deinit) at this time; it explains no other.
    std::optional<BootTime> take_rise(std::int32_t master, BootTime deinit_at);
    void add(std::int32_t master, HibernatedSession hibernated);

    // The session of this id is hibernated no more, and never was.
    std::optional<HibernatedSession> undo(std::int32_t master, std::int64_t session_id);

    // A session that certainly returns.
    std::optional<HibernatedSession> take_returning(std::int32_t master, std::string_view user,
                                                    const std::optional<Address>& address, BootTime at);

    // A session that may have returned in `process`: count_fell confirms it, or else it expires.
    bool claim(std::int32_t master, std::string_view user, const std::optional<Address>& address,
               ProcessKey process, BootTime at);
    void drop_claim(std::int32_t master, ProcessKey process);
    // Claims that nothing confirmed in time, by process.
    std::vector<ProcessKey> expire_claims(BootTime now);

    // The sessions of which it is certain by now that they have ended, and about when. A claim on one of them
    // was none: its process serves a login.
    std::vector<HibernatedEnd> settle(std::int32_t master, BootTime now);

    // The sessions that are presumed to have ended from now on. They can still return.
    std::vector<HibernatedEnd> presume(BootTime now);

    // Whether imap-hibernate says that it holds none.
    bool is_empty(std::int32_t master) const;

    // The sessions of which no process can be found that holds them. They are forgotten.
    std::vector<HibernatedSession> take_lost();

    // What a successor needs beside the sessions.
    struct Ledger {
        struct Claim {
            std::int64_t session_id = 0;
            ProcessKey process;
            BootTime at{};
        };
        std::int32_t master = 0;
        std::uint32_t processes = 0;
        std::uint32_t uncounted_processes = 0;
        std::uint32_t count = 0;
        std::vector<BootTime> rises;
        std::vector<BootTime> falls;
        std::vector<BootTime> owed_falls;
        std::vector<Claim> claims;
        std::optional<std::unordered_set<std::int64_t>> sessions; // their ids; none: all that there are
    };
    std::vector<Ledger> ledgers() const;

    // After `restore` of the sessions.
    void restore(const Ledger& ledger);

  private:
    struct Pool {
        std::uint32_t processes = 0;
        std::uint32_t uncounted_processes = 0;   // among them
        std::uint32_t count = 0;                 // as the titles say
        std::vector<BootTime> rises;             // that no (deinit) has explained yet
        std::vector<BootTime> falls;             // that no return has explained
        std::vector<BootTime> owed_falls;        // returned at these times, still counted
        std::vector<HibernatedSession> sessions; // in the order in which they went in

        std::size_t unended() const; // sessions without those that are presumed to have ended
        bool is_empty() const { return uncounted_processes == 0 && count == 0; }
        HibernatedSession take(std::vector<HibernatedSession>::iterator at);
    };

    Pool* find(std::int32_t master);
    HibernatedSession* find(Pool* pool, std::string_view user, const std::optional<Address>& address);

    std::unordered_map<std::int32_t, Pool> pools_;
    std::vector<HibernatedSession> unplaced_;
    std::size_t claims_ = 0;
};

} // namespace dovewatch
