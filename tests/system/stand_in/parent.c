// A parent for an impostor: runs a command as the user who started it and waits for it, as su and sudo do.
// Where it is setuid root, it stays root itself.
//
//   dovecot COMMAND [ARGUMENT...]
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static void run_as_caller(char* command[]) {
    const uid_t user = getuid();
    if (setuid(user) != 0)
        _exit(1);
    execv(command[0], command);
    _exit(1);
}

int main(int argc, char* argv[]) {
    if (argc < 2)
        return 2;
    const pid_t child = fork();
    if (child == 0)
        run_as_caller(argv + 1);
    int status = 0;
    return child < 0 || waitpid(child, &status, 0) < 0 || status != 0;
}
