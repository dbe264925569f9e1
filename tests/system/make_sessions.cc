// Writes a database with many sessions online, for timing its readers.
//
//   make_sessions FILE COUNT
#include "store/writer.h"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace dovewatch;

Session session(std::int64_t number, UtcTime now) {
    Session session;
    session.id = number;
    session.user = "user" + std::to_string(number) + "@example.org";
    session.service_class = to_string(session.service);
    session.address = Address::parse("192.0." + std::to_string(number / 250 % 250) + "." +
                                     std::to_string(number % 250 + 1));
    session.process = {static_cast<std::int32_t>(1000 + number), number};
    session.login = now - std::chrono::seconds(number);
    return session;
}

Result<void> make_sessions(const char* file, std::int64_t count) {
    auto writer = Writer::open(file);
    if (!writer) {
        return tl::make_unexpected(writer.error());
    }
    const auto now =
        std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    std::vector<SessionChange> changes;
    for (std::int64_t number = 1; number <= count; ++number) {
        changes.emplace_back(SessionBegan{session(number, now)});
    }
    return (*writer)->commit(changes, {});
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        return 2;
    }
    const auto made = make_sessions(argv[1], std::atoll(argv[2]));
    if (!made) {
        std::cerr << made.error().message << '\n';
        return exit_status(made.error());
    }
    return 0;
}
