// The signals that end a service in good order.
#pragma once

#include <csignal>

namespace dovewatch {

// What a service manager and an administrator at a terminal send: SIGTERM and SIGINT.
inline sigset_t stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return signals;
}

// In this thread and those that it starts from now on, so that one of them can wait for the signals.
inline void block_stop_signals() {
    const sigset_t signals = stop_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

} // namespace dovewatch
