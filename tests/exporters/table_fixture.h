// A table exporter with a clock, a state database and a folder of its own.
#pragma once

#include "exporters/table/table_exporter.h"
#include "tests/exporters/mail_sample.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <SQLiteCpp/Transaction.h>

namespace dovewatch::test {

using namespace std::chrono_literals;

class TableFixture {
  public:
    TableFixture() {
        options.file = folder / "table";
        options.host = "pop-b";
    }
    ~TableFixture() { folders->open(); }

    // A time so many seconds after the beginning of the test.
    static UtcTime utc(double seconds) {
        return UtcTime{std::chrono::hours{24 * 365} +
                       std::chrono::microseconds{static_cast<std::int64_t>(seconds * 1e6)}};
    }

    void start() {
        exporter.reset();
        exporter = std::make_unique<TableExporter>(
            options, TableSystem{[time = time] {
                                     return utc(0) + std::chrono::duration_cast<std::chrono::microseconds>(
                                                         time->passed());
                                 },
                                 FakeTime::counting_time(time), folders});
        must(exporter->prepare(state));
    }

    void take(const std::vector<Activity>& rows, bool replayed = false) {
        std::vector<StoreChange> changes;
        changes.reserve(rows.size());
        for (const Activity& row : rows) {
            changes.push_back({++number_, row});
        }
        SQLite::Transaction transaction(state);
        must(exporter->take(changes, replayed, state));
        transaction.commit();
    }

    std::chrono::milliseconds push() { return value_of(exporter->push(state)).next; }

    // Pushes until so many mailboxes are counted or found unknown, each at least once.
    void count(std::uint64_t mailboxes) {
        wait_until([&] {
            push();
            return total("mailboxes counted") + total("mailboxes unknown") >= mailboxes;
        });
        time->advance(options.min_gap);
        push();
    }

    std::uint64_t total(const std::string& name) const {
        const auto counters = exporter->counters();
        const auto found = std::find_if(counters.begin(), counters.end(),
                                        [&](const Counter& counter) { return counter.name == name; });
        REQUIRE(found != counters.end());
        return found->value;
    }

    // Without the header.
    std::string rows() const {
        const std::string text = bytes_of(options.file);
        const std::string header = "host\tuser\tactive\tnfiles\tbytes\n";
        REQUIRE(text.starts_with(header));
        return text.substr(header.size());
    }

    static Session logged_in(std::int64_t id, const std::string& user, Service service, double at) {
        Session made = session(id, user, 0);
        made.service = service;
        made.login = utc(at);
        return made;
    }

    static Session logged_out(std::int64_t id, const std::string& user, Service service, double at) {
        Session made = logged_in(id, user, service, at - 1);
        made.logout = utc(at);
        made.end = End::logout;
        return made;
    }

    TemporaryFolder folder;
    TableOptions options;
    std::shared_ptr<FakeTime> time = std::make_shared<FakeTime>();
    std::shared_ptr<GatedFolders> folders = std::make_shared<GatedFolders>();
    SQLite::Database state{":memory:", SQLite::OPEN_READWRITE};
    std::unique_ptr<TableExporter> exporter;

  private:
    std::int64_t number_ = 0;
};

} // namespace dovewatch::test
