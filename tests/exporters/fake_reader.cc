#include "tests/exporters/fake_reader.h"

#include "exporters/terminal/cli.h"

#include <iomanip>
#include <sstream>

#include <sys/mman.h>
#include <unistd.h>

namespace dovewatch::test {
namespace {

Asked last_asked;

class FakeReader : public Reader {
  public:
    explicit FakeReader(const Rows& rows) : rows_(rows) {}

    Result<void> online(const SessionFilter& filter,
                        const std::function<bool(const Session&)>& row) const override {
        last_asked.filter = filter;
        return put(rows_.online, row);
    }

    Result<void> activity(const ActivityQuery& query,
                          const std::function<bool(const Activity&)>& row) const override {
        last_asked.query = query;
        return put(rows_.history, row);
    }

    Result<void> last_logins(const std::optional<std::string>& user_glob,
                             const std::function<bool(const LastLogin&)>& row) const override {
        last_asked.glob = user_glob;
        return put(rows_.last_logins, row);
    }

    Result<void> inactive(const InactiveQuery& query,
                          const std::function<bool(const LastLogin&)>& row) const override {
        last_asked.inactive = query;
        return put(rows_.inactive, row);
    }

    Result<std::vector<StoreChange>> changes(std::int64_t after, std::size_t limit) const override {
        std::vector<StoreChange> changes;
        for (const StoreChange& change : rows_.changes) {
            if (change.number > after && changes.size() < limit) {
                changes.push_back(change);
            }
        }
        return changes;
    }

    Result<Backlog> backlog(std::int64_t after) const override {
        return changes(after, rows_.changes.size()).map([this](const auto& left) {
            return Backlog{left.size(), left.empty() ? std::nullopt : rows_.oldest_change};
        });
    }

    Result<void> summaries(const std::function<bool(const DaySummary&)>& row) const override {
        return put(rows_.summaries, row);
    }

    Result<std::int64_t> newest_change() const override {
        return rows_.changes.empty() ? 0 : rows_.changes.back().number;
    }
    Result<std::string> identity() const override { return "fake"; }

    Result<StoreStatus> status() const override { return rows_.status; }

  private:
    template <typename T>
    Result<void> put(const std::vector<T>& from, const std::function<bool(const T&)>& row) const {
        for (const T& each : from) {
            if (!row(T(each))) { // a copy that dies, as the store's rows do
                return {};
            }
        }
        if (rows_.error) {
            return tl::make_unexpected(*rows_.error);
        }
        return {};
    }

    const Rows& rows_;
};

std::string contents(int descriptor) {
    std::string text(static_cast<std::size_t>(lseek(descriptor, 0, SEEK_END)), '\0');
    if (pread(descriptor, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
        return "cannot be read";
    }
    return text;
}

std::chrono::seconds one_hour_east(std::time_t /*time*/) {
    return std::chrono::hours{1};
}

} // namespace

StoreStatus Rows::running() {
    StoreStatus status;
    status.daemon_pid = 4711;
    return status;
}

Outcome dovewatch(const Rows& rows, const std::vector<std::string>& arguments, bool is_terminal) {
    last_asked = {};
    const int file = memfd_create("output", 0);
    std::ostringstream notices;
    const auto open = [&rows](const std::filesystem::path& database) -> Result<std::unique_ptr<Reader>> {
        last_asked.database = database;
        return std::make_unique<FakeReader>(rows);
    };
    Outcome outcome;
    outcome.status =
        terminal::run(arguments, {utc("2026-11-21T21:02:34.500000"), terminal::TimeZone(one_hour_east), file,
                                  is_terminal, is_terminal, notices, open});
    outcome.out = contents(file);
    outcome.err = notices.str();
    close(file);
    return outcome;
}

const Asked& asked() {
    return last_asked;
}

UtcTime utc(const char* text) {
    std::istringstream in(text);
    std::tm tm{};
    std::string fraction;
    in >> std::get_time(&tm, "%Y-%m-%dT%H:%M:%S");
    in >> fraction;
    fraction.resize(7, '0');
    return std::chrono::sys_seconds{std::chrono::seconds{timegm(&tm)}} +
           std::chrono::microseconds{std::stol(fraction.substr(1))};
}

Session sue() {
    Session session;
    session.id = 1;
    session.user = "sue@example.org";
    session.service_class = "imap";
    session.address = Address::parse("192.0.2.7");
    session.process = {4233, 100};
    session.login = utc("2026-11-21T21:00:00");
    return session;
}

Session tom() {
    Session session;
    session.id = 2;
    session.user = "tom";
    session.service = Service::pop3;
    session.service_class = "pop3";
    session.address = Address::parse("2001:db8::1");
    session.process = {99, 100};
    session.login = utc("2026-11-21T20:00:00.250000");
    session.logout = utc("2026-11-21T20:00:00.254321");
    session.end = End::logout;
    return session;
}

Delivery ann() {
    Delivery delivery;
    delivery.user = "ann";
    delivery.service_class = "lmtp";
    delivery.pid = 7;
    delivery.at = utc("2026-11-21T19:00:00");
    return delivery;
}

} // namespace dovewatch::test
