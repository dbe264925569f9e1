#include "exporters/table/table_exporter.h"

#include "exporters/table/replace_file.h"
#include "exporters/table/table_text.h"
#include "store/database_error.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace dovewatch {
namespace {

using namespace table;
using std::chrono::milliseconds;

constexpr std::size_t batch_size = 100;    // mailboxes that are counted together
constexpr milliseconds while_counting{50}; // until its results are asked for
constexpr milliseconds least_pause{10};

std::string host_name() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

CountingLimits limits(const TableOptions& options) {
    CountingLimits made;
    made.files_per_second = std::clamp(options.files_per_second, 1U, RateLimit::unlimited);
    made.time = options.time_limit;
    return made;
}

Result<void> check_file(const std::filesystem::path& file) {
    std::error_code ignored;
    if (!file.has_filename()) {
        return usage_error("the table needs the name of its file");
    }
    if (file.has_parent_path() && !std::filesystem::is_directory(file.parent_path(), ignored)) {
        return unavailable(
            fmt::format("the table's folder {} does not exist: create it", file.parent_path().string()));
    }
    if (std::filesystem::is_directory(file, ignored)) {
        return usage_error(fmt::format("the table's file {} is a folder", file.string()));
    }
    return {};
}

template <typename Duration>
milliseconds rounded_up(Duration time) {
    return std::chrono::ceil<milliseconds>(time);
}

} // namespace

TableSystem real_table_system() {
    return {[] { return std::chrono::time_point_cast<UtcTime::duration>(std::chrono::system_clock::now()); },
            system_counting_time(), system_mail_folders()};
}

TableExporter::TableExporter(TableOptions options, TableSystem system)
    : options_(std::move(options)), system_(std::move(system)),
      counter_(system_.folders, limits(options_), system_.time) {}

Result<void> TableExporter::prepare(SQLite::Database& state) {
    if (options_.host.empty()) {
        options_.host = host_name();
    }
    if (!options_.mail_location.empty()) {
        auto location = LocationTemplate::parse(options_.mail_location, options_.home, options_.subfolders);
        if (!location) {
            return tl::make_unexpected(location.error());
        }
        location_ = std::move(*location);
    }
    TableState(state).prepare(options_.max_count_age);
    return check_file(options_.file);
}

Result<void> TableExporter::take(std::span<const StoreChange> changes, bool replayed,
                                 SQLite::Database& state) {
    TableState(state).take(changes, replayed);
    changed_ = changed_ || !changes.empty();
    return {};
}

Result<Pushed> TableExporter::push(SQLite::Database& database) {
    TableState state(database);
    collect(state);
    const auto started = start_counting(state);
    const auto written = write(state);
    const auto checked = check_counting();
    for (const auto* outcome : {&written, &started, &checked}) {
        if (!*outcome) {
            return tl::make_unexpected(outcome->error());
        }
    }
    return Pushed{until_next(state), {}};
}

void TableExporter::add(const MailboxSize& size, bool over_limit) {
    ++(size.bytes ? totals_.counted : totals_.unknown);
    totals_.files += static_cast<std::uint64_t>(size.files.value_or(0));
    totals_.over_limit += over_limit ? 1 : 0;
}

void TableExporter::collect(TableState& state) {
    std::vector<Count> counts;
    for (CountedMailbox& counted : counter_.collect()) {
        add(counted.size, counted.over_limit);
        counts.push_back({{std::move(counted.mailbox.user), counted.mailbox.version},
                          std::move(counted.size),
                          counting_since_});
    }
    if (!counts.empty()) {
        state.store(counts, options_.max_count_age);
        changed_ = true;
    }
}

// The mailboxes of those whose names lead nowhere are unknown at once.
std::vector<Mailbox> TableExporter::locate_due(TableState& state, UtcTime now) {
    std::vector<Mailbox> found;
    std::vector<Count> refused;
    for (DueMailbox& due : state.due(now, batch_size)) {
        auto location = location_->expand(due.user);
        if (location) {
            found.push_back({std::move(due.user), due.version, std::move(*location)});
        } else {
            refused.push_back({std::move(due), {{}, {}, location.error().message}, now});
            add(refused.back().size, false);
        }
    }
    state.store(refused, options_.max_count_age);
    return found;
}

Result<void> TableExporter::start_counting(TableState& state) {
    if (!location_ || counter_.busy() || counter_.stopped()) {
        return {};
    }
    counting_since_ = system_.utc();
    auto mailboxes = locate_due(state, counting_since_);
    return mailboxes.empty() ? Result<void>{} : counter_.start(std::move(mailboxes));
}

Result<void> TableExporter::check_counting() {
    const bool was_stopped = std::exchange(stopped_, counter_.stopped());
    if (was_stopped || !stopped_) {
        return {};
    }
    ++totals_.stopped;
    return unavailable(fmt::format("{} counts of mailboxes hang in the file system of {}: nothing is counted "
                                   "until one comes back; see to the file system",
                                   counter_.stuck(), options_.mail_location));
}

bool TableExporter::is_active(const UserState& user, UtcTime now) {
    const auto& services = options_.services;
    if (user.online || !user.last_pop3_end ||
        std::find(services.begin(), services.end(), Service::pop3) == services.end()) {
        return user.online;
    }
    const UtcTime expiry = *user.last_pop3_end + options_.active_window;
    if (expiry <= now || *user.last_pop3_end > now + options_.active_window) {
        return false; // over, or the clock was put back
    }
    next_expiry_ = std::min(next_expiry_, expiry);
    return true;
}

std::string TableExporter::render(const TableState& state) {
    const UtcTime now = system_.utc();
    const auto text = make_table_text(options_.format);
    fmt::memory_buffer out;
    next_expiry_ = UtcTime::max();
    text->begin(out);
    state.each_user(options_.services, [&](const UserState& user) {
        text->row(out, {options_.host, user.user, is_active(user, now), user.files, user.bytes});
    });
    text->end(out);
    return fmt::to_string(out);
}

bool TableExporter::is_overdue(Time now) const {
    return !written_at_ || now - *written_at_ >= options_.interval;
}

bool TableExporter::wants_rendering() const {
    return changed_ || system_.utc() >= next_expiry_;
}

bool TableExporter::must_render(Time now) const {
    const bool may = !rendered_at_ || now - *rendered_at_ >= options_.min_gap;
    return may && (is_overdue(now) || wants_rendering());
}

Result<void> TableExporter::write(const TableState& state) {
    const Time now = system_.time.now();
    if (!must_render(now)) {
        return {};
    }
    rendered_at_ = now;
    const std::string text = render(state);
    const std::size_t hash = std::hash<std::string>{}(text);
    if (is_overdue(now) || hash != written_hash_) {
        if (auto replaced = replace_file(options_.file, text, options_.mode); !replaced) {
            return replaced;
        }
        written_at_ = now;
        written_hash_ = hash;
        ++totals_.written;
    }
    changed_ = false;
    return {};
}

milliseconds TableExporter::until_next(const TableState& state) {
    const Time now = system_.time.now();
    milliseconds next = rounded_up(written_at_.value_or(now) + options_.interval - now);
    if (wants_rendering()) {
        next = std::min(next, rounded_up(rendered_at_.value_or(now) + options_.min_gap - now));
    } else if (next_expiry_ != UtcTime::max()) {
        next = std::min(next, rounded_up(next_expiry_ - system_.utc()));
    }
    if (counter_.busy()) {
        next = std::min(next, while_counting);
    } else if (const auto due = state.next_due(); due && location_ && !stopped_) {
        next = std::min(next, rounded_up(*due - system_.utc()));
    }
    return std::max(next, least_pause);
}

void TableExporter::meet_new_store(SQLite::Database& state) {
    forget_open_sessions(state);
}

void TableExporter::forget_open_sessions(SQLite::Database& state) {
    state.exec("DELETE FROM table_online");
}

std::vector<Counter> TableExporter::counters() const {
    return {{"table", "mailboxes counted", totals_.counted, false},
            {"table", "mailboxes unknown", totals_.unknown, false},
            {"table", "files counted", totals_.files, false},
            {"table", "counts over the time limit", totals_.over_limit, false},
            {"table", "times that hanging file systems stopped the counting", totals_.stopped, false},
            {"table", "tables written", totals_.written, false}};
}

Result<void> forget_table_user(SQLite::Database& state, const std::string& user) {
    return guarded(state.getFilename(), [&] { TableState(state).forget(user); });
}

} // namespace dovewatch
