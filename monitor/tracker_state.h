// The inside of the session tracker.
#pragma once

#include "monitor/hibernation.h"
#include "monitor/process_event.h"
#include "monitor/process_state.h"
#include "monitor/session_book.h"
#include "monitor/title.h"
#include "monitor/tracker.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace dovewatch {

struct ProcessKeyHash {
    std::size_t operator()(const ProcessKey& key) const noexcept {
        const auto mixed = static_cast<std::uint64_t>(key.pid) * 0x9e3779b97f4a7c15U;
        return static_cast<std::size_t>(mixed ^ static_cast<std::uint64_t>(key.start_ticks));
    }
};

class Tracker::State {
  public:
    State(std::int64_t first_session_id, Classifier classifier)
        : book(first_session_id, std::move(classifier)) {}

    // tracker.cc: the life of processes.
    void restore(const Session& session);
    void handle(const ProcessEvent& event);
    void advance(BootTime now);
    void retain(std::span<const ProcessKey> running, BootTime at);

    // tracker_memory.cc
    std::string memory() const;
    void restore_memory(std::string_view memory);

    SessionBook book;
    TrackerCounters counters;

  private:
    using Phase = ProcessState::Phase;
    using Past = ProcessState::Past;

    // All processes of a master are of one Dovecot version.
    struct Master {
        std::uint32_t processes = 0;
        bool stages_seen = false;
        std::vector<std::shared_ptr<const LogoutEvent>> hibernate_lines; // whose sessions are not known yet
    };

    struct Restored {
        OpenSession session;
        ProcessRole role = ProcessRole::imap;
    };

    struct Login {
        BootTime at{};
        bool estimated = false;
    };

    // tracker.cc
    void on_exec(const ProcessEvent& event, const ExecEvent& exec);
    bool is_worth_knowing(const ProcessEvent& event) const;
    void learn(const ProcessEvent& event);
    void handle_known(ProcessState& process, const ProcessEvent& event);
    void note(const ProcessKey& key);
    void on_exit(ProcessState& process, int status, BootTime at);
    void on_logout_line(ProcessState& process, const LogoutEvent& event);
    bool is_about_known_session(const ProcessState& process) const;
    void adopt_restored(ProcessState& process, BootTime at);
    void end_at_exit(ProcessState& process, int status, BootTime at);
    void end_as_lost(ProcessState& process, BootTime at);
    void forget(const ProcessState& process);

    // tracker_titles.cc: what titles mean.
    void on_title(ProcessState& process, std::string_view text, BootTime at);
    void on_known_title(ProcessState& process, const Title& title, std::string_view text, BootTime at);
    void on_user(ProcessState& process, const Title& title, BootTime at);
    void on_deinit(ProcessState& process, const Title& title, BootTime at);
    void on_idling(ProcessState& process, BootTime at);
    void on_stage(ProcessState& process, const Title& title, BootTime at);
    void on_connections(ProcessState& process, std::uint32_t count, BootTime at);
    void on_delivery(ProcessState& process, const Title& title, BootTime at);
    bool may_go_on(const ProcessState& process) const;
    std::optional<TitleContext> context_of(const ProcessState& process) const;
    bool goes_on(const ProcessState& process, const Title& title) const;
    void go_on(ProcessState& process, const Title& title, BootTime at);
    void start(ProcessState& process, const Title& title, BootTime at);
    void make_way(ProcessState& process, BootTime at, bool next_user_seen);
    void begin(ProcessState& process, const Title& title, Login login);
    void end(ProcessState& process, const SessionEnd& end);
    void name_the_last(ProcessState& process, const Title& title, BootTime at);
    Login login_of(const ProcessState& process, const Title& title, BootTime at) const;
    BootTime free_since(const ProcessState& process, BootTime now) const;
    bool shows_stages(const ProcessState& process) const;

    // tracker_hibernation.cc
    void on_hibernate_count(ProcessState& process, std::uint32_t count, BootTime at);
    bool resume(ProcessState& process, const Title& title, BootTime at, Login login);
    void continue_in(ProcessState& process, HibernatedSession hibernated);
    bool hibernate(ProcessState& process, BootTime at);
    void hibernate_late(ProcessState& process);
    bool give_to_hibernate(ProcessState& process);
    bool undo_hibernation(const ProcessState& process);
    void decide_for_login(ProcessState& process);
    void end_hibernated(const HibernatedSession& hibernated, const SessionEnd& end);
    void settle_hibernated(std::int32_t master, BootTime at, End end);
    void keep_hibernate_line(std::int32_t master, std::shared_ptr<const LogoutEvent> line);
    std::shared_ptr<const LogoutEvent> take_hibernate_line(std::int32_t master, std::size_t ended);
    void settle_claims(BootTime now);
    void presume_hibernated_ends(BootTime now);
    void end_lost_hibernated(BootTime at);

    // tracker_memory.cc
    static bool is_notable(const ProcessState& process);
    void restore_process(ProcessState process);

    Hibernation hibernation_;
    std::unordered_map<ProcessKey, ProcessState, ProcessKeyHash> processes_;
    std::unordered_map<std::int32_t, Master> masters_; // no MTA, although it is the parent of lda
    std::unordered_multimap<ProcessKey, Restored, ProcessKeyHash> restored_; // not adopted yet
    std::unordered_set<ProcessKey, ProcessKeyHash> notable_; // whose state the open sessions do not tell
    bool observed_ = false; // what is being handled stood before, for an unknown time
};

} // namespace dovewatch
