// Writes a database with many sessions, for timing its readers.
//
//   make_sessions FILE COUNT         as many users, each with a session online
//   make_sessions FILE COUNT USERS   a year's history: sessions and deliveries that have ended
//
// In a history, a tenth of the users appear in the first half alone, and a hundredth of the rows are those of
// busy@example.org.
#include "store/writer.h"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace dovewatch;

Session session(std::int64_t number, const std::string& user) {
    Session session;
    session.id = number;
    session.user = user;
    session.service_class = to_string(session.service);
    session.address = Address::parse("192.0." + std::to_string(number / 250 % 250) + "." +
                                     std::to_string(number % 250 + 1));
    session.process = {static_cast<std::int32_t>(1000 + number), number};
    return session;
}

std::string user_name(std::int64_t number) {
    return "user" + std::to_string(number) + "@example.org";
}

SessionChange online_session(std::int64_t number, UtcTime now) {
    Session online = session(number, user_name(number));
    online.login = now - std::chrono::seconds(number);
    return SessionBegan{online};
}

struct History {
    std::int64_t count = 0;
    std::int64_t users = 0;
    UtcTime now;

    std::string user_of(std::int64_t number) const {
        constexpr std::int64_t prime = 1'000'003;
        if (number % 100 == 50) {
            return "busy@example.org";
        }
        const std::int64_t user = number * prime % users;
        return user_name(user % 10 == 0 && number > count / 2 ? user + 1 : user);
    }

    // Each user comes once a round, and each time with another service.
    std::int64_t round(std::int64_t number) const { return number + number / users; }

    UtcTime time_of(std::int64_t number) const {
        const std::chrono::seconds year = std::chrono::days{365};
        return now - year * (count + 1 - number) / (count + 1);
    }

    SessionChange change(std::int64_t number) const {
        return round(number) % 5 == 0 ? delivery(number) : ended_session(number);
    }

    SessionChange delivery(std::int64_t number) const {
        Delivery delivery;
        delivery.user = user_of(number);
        delivery.service_class = to_string(delivery.service);
        delivery.pid = 7;
        delivery.at = time_of(number);
        return Delivered{delivery};
    }

    SessionChange ended_session(std::int64_t number) const {
        Session ended = session(number, user_of(number));
        ended.service = round(number) % 2 == 0 ? Service::imap : Service::pop3;
        ended.service_class = to_string(ended.service);
        ended.login = time_of(number);
        ended.logout = ended.login + std::chrono::seconds{number % 300};
        ended.end = End::logout;
        ended.reason = "Logged out";
        ended.statistics = "top=0/0, retr=3/4711, del=1/3, size=12345";
        ended.numbers = {0, 3, number % 3 == 0 ? 1 : 0, 2, 4711};
        return SessionBegan{ended};
    }
};

Result<void> make_sessions(const char* file, std::int64_t count, std::int64_t users) {
    constexpr std::int64_t batch = 100'000;
    auto writer = Writer::open(file);
    if (!writer) {
        return tl::make_unexpected(writer.error());
    }
    const auto now =
        std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    const History history{count, users, now};
    std::vector<SessionChange> changes;
    Result<void> made;
    for (std::int64_t number = 1; number <= count && made; ++number) {
        changes.push_back(users > 0 ? history.change(number) : online_session(number, now));
        if (number % batch == 0 || number == count) {
            made = (*writer)->commit(changes, {});
            changes.clear();
        }
    }
    return made;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3 && argc != 4) {
        return 2;
    }
    const auto made = make_sessions(argv[1], std::atoll(argv[2]), argc == 4 ? std::atoll(argv[3]) : 0);
    if (!made) {
        std::cerr << made.error().message << '\n';
        return exit_status(made.error());
    }
    return 0;
}
