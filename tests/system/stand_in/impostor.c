// What a local user can do to be taken for a Dovecot session: show the titles of one, by libdovecot's own
// functions. It works from its constructor, so that it can be a program, or be preloaded into Dovecot's own.
//
// It says "shown" on standard output, waits for the end of standard input, logs out and exits.
#include "process_title.h"
#include <unistd.h>

__attribute__((constructor)) static void impersonate(int argc, char* argv[]) {
    static const char shown[] = "shown\n";
    char byte = 0;
    process_title_init(argc, &argv);
    process_title_set("[idling]");
    process_title_set("[victim 192.0.2.1]");
    if (write(STDOUT_FILENO, shown, sizeof shown - 1) < 0)
        _exit(1);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    process_title_set("[victim 192.0.2.1 (deinit)]");
    process_title_set("[idling]");
    _exit(0);
}
