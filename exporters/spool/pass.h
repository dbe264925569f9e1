// One pass over the users whose files must be written.
#pragma once

#include "exporters/spool/content.h"
#include "exporters/spool/folder.h"
#include "exporters/spool/place.h"
#include "exporters/spool/state.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <SQLiteCpp/Database.h>

namespace dovewatch::spool {

// Counted over all passes. Read by any thread.
struct Tally {
    std::atomic<std::uint64_t> written{0};
    std::atomic<std::uint64_t> locked{0};  // each time that a file was found locked, not each attempt
    std::atomic<std::uint64_t> refused{0}; // likewise
    std::atomic<std::uint64_t> damaged{0};
    std::atomic<std::uint64_t> changed{0};
};

// What is remembered from one pass to the next. Lost with the process without harm.
struct Memory {
    using Time = std::chrono::steady_clock::time_point;
    std::map<std::string, Time> waiting; // since when, by user
};

// What a pass is told of the world around it.
struct Moment {
    UtcTime utc{};
    Memory::Time steady{};
    const std::function<void(const std::string&)>& report; // a line for the administrator
};

// A locked file is no failure before it has lasted so long.
inline constexpr std::chrono::minutes patience{1};

class Pass {
  public:
    Pass(const Folder& folder, const Moment& moment, Tally& tally, Memory& memory)
        : folder_(folder), moment_(moment), tally_(tally), memory_(memory) {}

    // Writes all that can be written, in transactions of its own, each after its files are safe from a power
    // cut. Throws SQLite::Exception: then it is unsure which files of the dirty users were written.
    void run(SQLite::Database& state);

    // What must be told of the users that are left: the first trouble, and how many others there are.
    std::optional<std::string> failure() const;

    // No other file would have fared better, and the rest was not tried.
    bool is_stopped() const { return is_stopped_; }

    // Files were locked, for a short time as yet.
    bool is_waiting() const { return is_waiting_; }

  private:
    struct Round {
        std::optional<std::string> last; // none: no user was left
        bool has_written = false;
        bool has_settled = false;
    };
    enum class Step { written, settled };

    Round round(SQLite::Database& state, const std::optional<std::string>& after);
    void take_step(DirtyUser& user, Marker& marker, Round& done);
    bool sync();
    Attempt<Step> step(DirtyUser& user);
    Attempt<std::optional<Content>> read(Place& place);
    Attempt<std::optional<Content>> keep_aside(Place& place);
    bool settle(const Place& place, DirtyUser& user, const std::optional<Content>& found);
    void tell_change(const Place& place, std::int64_t from, std::int64_t to);
    Attempt<void> write(Place& place, const DirtyUser& user, const std::optional<Content>& found);
    void leave(const DirtyUser& user, const Trouble& trouble);
    void fail(const std::string& message);

    const Folder& folder_;
    const Moment& moment_;
    Tally& tally_;
    Memory& memory_;
    std::set<std::string> left_;    // in this pass
    std::set<std::string> settled_; // likewise
    std::string first_failure_;
    std::size_t failures_ = 0;
    bool is_waiting_ = false;
    bool is_stopped_ = false;
    bool is_unsure_ = false; // files were written, and that was not stored
};

} // namespace dovewatch::spool
