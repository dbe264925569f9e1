// Mail stores, clocks and file systems for the tests of the table.
#pragma once

#include "exporters/table/background_counter.h"
#include "tests/store/sample.h"
#include "tests/temporary_folder.h"

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <catch2/catch.hpp>

namespace dovewatch::test {

namespace fs = std::filesystem;

// Makes its folders too.
inline void put_file(const fs::path& file, const std::string& bytes = "") {
    fs::create_directories(file.parent_path());
    write_bytes(file, bytes);
}

inline void make_maildir(const fs::path& path) {
    for (const char* name : {"cur", "new", "tmp"}) {
        fs::create_directories(path / name);
    }
}

inline table::MailLocation location_of(table::MailFormat format, const fs::path& path,
                                       bool subfolders = false) {
    return {format, path.string(), format == table::MailFormat::mbox ? path.string() : "", subfolders};
}

inline table::MailboxSize count(
    const table::MailLocation& location, const table::GoOn& go_on = [] { return true; }) {
    return count_mailbox(*table::system_mail_folders(), location, go_on);
}

inline table::MailboxSize count_maildir(const fs::path& path, bool subfolders = false) {
    return count(location_of(table::MailFormat::maildir, path, subfolders));
}

inline void check_size(const table::MailboxSize& size, std::int64_t files, std::int64_t bytes) {
    CHECK(size.cause.empty());
    CHECK(size.files == files);
    CHECK(size.bytes == bytes);
}

inline void check_unknown(const table::MailboxSize& size, const std::string& cause) {
    CHECK_FALSE(size.files.has_value());
    CHECK_FALSE(size.bytes.has_value());
    CHECK_THAT(size.cause, Catch::Contains(cause));
}

// Stands still but for sleep and advance. May be used by several threads.
class FakeTime {
  public:
    void advance(std::chrono::nanoseconds time) { passed_ += time.count(); }
    std::chrono::nanoseconds passed() const { return std::chrono::nanoseconds{passed_}; }
    table::RateLimit::Time now() const { return table::RateLimit::Time{std::chrono::hours{1}} + passed(); }

    static table::CountingTime counting_time(const std::shared_ptr<FakeTime>& time) {
        return {[time] { return time->now(); },
                [time](std::chrono::nanoseconds wait) { time->advance(wait); }};
    }

  private:
    std::atomic<std::int64_t> passed_ = 0;
};

// The system's folders behind a gate: whoever opens one hangs while it is shut.
class GatedFolders : public table::MailFolders {
  public:
    void shut() { set(true); }
    void open() { set(false); }

    void wait_for_hanging(int threads) const {
        std::unique_lock lock(mutex_);
        REQUIRE(changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return hanging_ >= threads; }));
    }

    // How many stores were opened.
    int opened() const {
        const std::lock_guard lock(mutex_);
        return opened_;
    }

    table::Io<std::unique_ptr<table::MailFolder>> folder(const std::string& path) const override {
        pass();
        return real_->folder(path);
    }

    table::Io<std::unique_ptr<table::MailFile>> file(const std::string& path) const override {
        pass();
        return real_->file(path);
    }

  private:
    void set(bool shut) {
        const std::lock_guard lock(mutex_);
        shut_ = shut;
        changed_.notify_all();
    }

    void pass() const {
        std::unique_lock lock(mutex_);
        ++hanging_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return !shut_; });
        --hanging_;
        ++opened_;
    }

    std::shared_ptr<const table::MailFolders> real_ = table::system_mail_folders();
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    mutable int hanging_ = 0;
    mutable int opened_ = 0;
    bool shut_ = false;
};

template <typename Condition>
void wait_until(const Condition& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (!condition()) {
        REQUIRE(std::chrono::steady_clock::now() < end);
        std::this_thread::yield();
    }
}

} // namespace dovewatch::test
