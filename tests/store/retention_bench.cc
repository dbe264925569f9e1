// How long commits take beside a retention that removes half of a million sessions.
#include "store/writer.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include <fmt/format.h>

namespace {

using namespace dovewatch;

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::int64_t history = 1'000'000;
constexpr std::int64_t day = 86'400'000'000; // microseconds
constexpr int sessions_per_commit = 40;      // 1,000 a second, a commit every 40 ms

UtcTime at(std::int64_t microseconds) {
    return UtcTime{std::chrono::microseconds{microseconds}};
}

template <typename T>
T must(Result<T> result) {
    if (!result) {
        std::cerr << result.error().message << '\n';
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) {
        return std::move(*result);
    }
}

std::vector<SessionChange> batch(std::int64_t first, int count, std::int64_t login) {
    std::vector<SessionChange> changes;
    for (std::int64_t id = first; id < first + count; ++id) {
        Session session;
        session.id = id;
        session.user = "user" + std::to_string(id % 50'000);
        session.service = Service::pop3;
        session.service_class = "pop3";
        session.login = at(login + id);
        changes.emplace_back(std::in_place_type<SessionBegan>, SessionBegan{session});
        session.logout = at(login + id + 5000);
        session.end = End::logout;
        changes.emplace_back(std::in_place_type<SessionEnded>, SessionEnded{session});
    }
    return changes;
}

template <typename Work>
double timed(Work&& work) {
    const auto begin = Clock::now();
    work();
    return Milliseconds(Clock::now() - begin).count();
}

void print(const char* name, std::vector<double> times) {
    std::sort(times.begin(), times.end());
    std::cout << fmt::format("{}: median {:.2f} ms, 99th percentile {:.2f} ms, most {:.2f} ms\n", name,
                             times[times.size() / 2], times[times.size() * 99 / 100], times.back());
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "Usage: retention_bench NEW-DATABASE\n";
        return 2;
    }
    const auto writer = must(Writer::open(argv[1]));
    for (std::int64_t id = 0; id < history; id += 10'000) {
        must(writer->commit(batch(id + 1, 10'000, id < history / 2 ? 0 : 50 * day), {}));
    }
    constexpr std::size_t commits_alone = 500;
    std::vector<double> alone;
    alone.reserve(commits_alone);
    std::vector<double> beside;
    std::vector<double> steps;
    std::int64_t next = history + 1;
    const auto write = [&] {
        must(writer->commit(batch(next, sessions_per_commit, 50 * day), {}));
        next += sessions_per_commit;
    };
    while (alone.size() < commits_alone) {
        alone.push_back(timed(write));
    }
    const RetentionPolicy policy{std::chrono::days(10), std::nullopt, 0, 0};
    bool more = true;
    while (more) {
        for (int step = 0; step < 2 && more; ++step) { // every 20 ms
            steps.push_back(timed([&] { more = must(writer->retain(policy, at(51 * day))); }));
        }
        beside.push_back(timed(write));
    }
    print("commit of 40 sessions, no retention", std::move(alone));
    print("commit of 40 sessions between retention steps", std::move(beside));
    print("commit's wait for a retention step", std::move(steps));
}
