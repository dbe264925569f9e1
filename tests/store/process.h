// Work in another process, and tests that need a privilege.
#pragma once

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dovewatch::test {

inline constexpr uid_t nobody = 65534;

// Starts `work` in a child, which ends without the destructors and exit handlers of the parent.
template <typename Work>
pid_t start_child(Work work) {
    const pid_t child = fork();
    if (child == 0) {
        try {
            work();
            _exit(0);
        } catch (const std::exception& error) {
            std::cerr << "child: " << error.what() << std::endl;
            _exit(1);
        }
    }
    return child;
}

inline int wait_for(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

// True where `work` returned; what it throws goes to standard error.
template <typename Work>
bool in_child(Work work) {
    return wait_for(start_child(work)) == 0;
}

// The same as user nobody, member of `group` alone.
template <typename Work>
bool as_nobody(gid_t group, Work work) {
    return in_child([&] {
        if (setgroups(0, nullptr) != 0 || setgid(group) != 0 || setuid(nobody) != 0) {
            throw std::runtime_error("cannot become nobody");
        }
        work();
    });
}

inline void demand(bool condition, const std::string& otherwise) {
    if (!condition) {
        throw std::runtime_error(otherwise);
    }
}

// Where `condition` does not hold the test ends early, with the reason; a failure where CI=true.
inline bool skip_unless(bool condition, std::string_view reason) {
    if (condition) {
        return false;
    }
    const char* ci = std::getenv("CI");
    if (ci != nullptr && std::string_view(ci) == "true") {
        FAIL("not skipped where CI=true: " << reason);
    }
    std::cout << "SKIPPED: " << reason << std::endl;
    return true;
}

} // namespace dovewatch::test
