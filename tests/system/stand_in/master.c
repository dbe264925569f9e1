// A stand-in for Dovecot's master: starts ./pop3 processes as fast as the machine can.
//
//   dovecot storm SECONDS   one process per session, `at_once` of them running at any time
//   dovecot titles COUNT    one process that sets COUNT titles
//
// It begins when it has read a line from standard input, says "done SESSIONS" when all its sessions have
// ended, and then waits for the end of its input. That way a monitor can find it both before and after.
#include "process_title.h"
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

enum { at_once = 8 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void start_session(const char* mode, long number) {
    char text[32];
    snprintf(text, sizeof text, "%ld", number);
    char* const argv[] = {"dovecot/pop3", (char*)mode, text, NULL};
    pid_t pid = 0;
    const int error = posix_spawn(&pid, "./pop3", NULL, NULL, argv, environ);
    if (error != 0) {
        fprintf(stderr, "cannot start ./pop3: %s\n", strerror(error));
        exit(1);
    }
}

static void wait_for_session(void) {
    int status = 0;
    if (wait(&status) < 0 || status != 0) {
        fprintf(stderr, "a session failed, status %d\n", status);
        exit(1);
    }
}

static long storm(double seconds) {
    const double end = now() + seconds;
    long started = 0;
    long running = 0;
    while (now() < end) {
        if (running == at_once) {
            wait_for_session();
            --running;
        }
        start_session("session", ++started);
        ++running;
    }
    for (; running > 0; --running)
        wait_for_session();
    return started;
}

static long titles(long count) {
    start_session("titles", count);
    wait_for_session();
    return count / 2;
}

static void await_line(void) {
    char line[16];
    if (fgets(line, sizeof line, stdin) == NULL)
        exit(0);
}

int main(int argc, char* argv[]) {
    if (argc != 3)
        return 2;
    process_title_set("[stand-in]");
    await_line();
    const long sessions = strcmp(argv[1], "storm") == 0 ? storm(atof(argv[2])) : titles(atol(argv[2]));
    printf("done %ld\n", sessions);
    fflush(stdout);
    await_line();
    return 0;
}
