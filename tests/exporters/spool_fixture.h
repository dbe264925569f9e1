// A spool folder, a state database and an exporter between them.
#pragma once

#include "exporters/spool/file_name.h"
#include "exporters/spool/folder.h"
#include "exporters/spool/spool.h"
#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <SQLiteCpp/Transaction.h>
#include <sys/stat.h>

namespace dovewatch::test {

inline constexpr std::int64_t noon = 1'164'110'400'123'456; // microseconds since 1970
inline constexpr const char* line = "top=0/0, retr=1/2945, del=1/5, size=2865";

inline StoreChange change(Session row) {
    static std::int64_t number = 0;
    return {++number, std::move(row)};
}

// A session that ended, with Dovecot's line of it.
inline Session past(std::int64_t id, const std::string& user, std::int64_t logout = noon) {
    Session made = ended(session(id, user, logout - 1000), logout);
    made.statistics = line;
    return made;
}

inline std::filesystem::path file_of(const std::filesystem::path& folder, const std::string& user) {
    std::filesystem::path path = folder;
    for (const std::string& part : spool::encode_user(user)) {
        path /= part;
    }
    return path;
}

// As the old map reads it, to the microsecond.
inline std::int64_t mtime_of(const std::filesystem::path& file) {
    struct stat status {};
    return lstat(file.c_str(), &status) == 0
               ? status.st_mtim.tv_sec * 1'000'000 + status.st_mtim.tv_nsec / 1000
               : -1;
}

inline std::vector<std::string> names_of(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
}

inline std::uint64_t counter_of(const SpoolExporter& exporter, const std::string& name) {
    for (const Counter& counter : exporter.counters()) {
        if (counter.name == name) {
            return counter.value;
        }
    }
    FAIL("no counter " << name);
    return 0;
}

// Where false, syncfs() in this program returns at once, and the tests need not wait for the disk.
inline bool flushes_to_disk = false;

class Spool {
  public:
    Spool() : Spool(SpoolOptions{}) {}
    explicit Spool(SpoolOptions chosen) : options(std::move(chosen)) {
        options.folder = folder / "spool";
        std::filesystem::create_directory(options.folder);
        state.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
        restart();
        must(exporter->prepare(state));
    }

    // As after a kill: nothing but the state and the folder remain.
    void restart() {
        SpoolSurroundings surroundings;
        surroundings.report = [this](const std::string& text) { reports.push_back(text); };
        surroundings.utc_now = [this] { return at(utc); };
        surroundings.now = [this] { return Exporter::Clock::time_point(steady); };
        exporter = std::make_unique<SpoolExporter>(options, surroundings);
    }

    void take(const std::vector<Session>& sessions, bool replayed = false) {
        std::vector<StoreChange> changes;
        std::transform(sessions.begin(), sessions.end(), std::back_inserter(changes), change);
        SQLite::Transaction transaction(state);
        must(exporter->take(changes, replayed, state));
        transaction.commit();
    }

    std::chrono::milliseconds push() {
        const Pushed pushed = value_of(exporter->push(state));
        CHECK_FALSE(pushed.trouble);
        return pushed.next;
    }

    // With single users' files.
    std::string trouble() {
        const Pushed pushed = value_of(exporter->push(state));
        CHECK(pushed.next <= std::chrono::seconds(5));
        REQUIRE(pushed.trouble);
        return *pushed.trouble;
    }

    // Of all files.
    std::string failure() {
        const auto pushed = exporter->push(state);
        REQUIRE_FALSE(pushed);
        CHECK(pushed.error().kind == Error::Kind::unavailable);
        return pushed.error().message;
    }

    void take_and_push(const std::vector<Session>& sessions) {
        take(sessions);
        push();
    }

    std::filesystem::path file(const std::string& user) const { return file_of(options.folder, user); }
    std::string text(const std::string& user) const { return bytes_of(file(user)); }
    std::uint64_t counted(const std::string& name) const { return counter_of(*exporter, name); }
    // Beside the exporter's own folder.
    std::vector<std::string> names() const {
        std::vector<std::string> names = names_of(options.folder);
        std::erase(names, spool::own_folder_name);
        return names;
    }
    std::filesystem::path own() const { return options.folder / spool::own_folder_name; }

    TemporaryFolder folder;
    SpoolOptions options;
    SQLite::Database state{(folder / "state.db").string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    std::int64_t utc = noon + 60'000'000;
    std::chrono::milliseconds steady{0};
    std::vector<std::string> reports;
    std::unique_ptr<SpoolExporter> exporter;
};

inline std::string content(int counter, const std::string& statistics = line) {
    return std::to_string(counter) + "\n" + statistics + "\n";
}

} // namespace dovewatch::test
