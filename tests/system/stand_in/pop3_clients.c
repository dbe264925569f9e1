// Eight POP3 clients at full speed, each session in one write: the login rate that a Dovecot can make.
//
//   pop3_clients PORT SECONDS    prints the number of sessions
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { clients = 8 };

static const char commands[] = "USER user@example.org\r\nPASS secret\r\nSTAT\r\nQUIT\r\n";
static const char farewell[] = "+OK Logging out.\r\n";

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int visit(int connection) {
    char replies[1024];
    size_t length = 0;
    ssize_t more = 0;
    if (write(connection, commands, sizeof commands - 1) < 0)
        return -1;
    while (length < sizeof replies - 1 &&
           (more = read(connection, replies + length, sizeof replies - 1 - length)) > 0)
        length += (size_t)more;
    replies[length] = 0;
    return strstr(replies, farewell) != NULL ? 0 : -1;
}

static long visit_until(const struct sockaddr_in* server, double end) {
    long sessions = 0;
    for (; now() < end; ++sessions) {
        const int connection = socket(AF_INET, SOCK_STREAM, 0);
        if (connection < 0 || connect(connection, (const struct sockaddr*)server, sizeof *server) != 0 ||
            visit(connection) != 0) {
            fprintf(stderr, "a session was refused\n");
            exit(1);
        }
        close(connection);
    }
    return sessions;
}

int main(int argc, char* argv[]) {
    if (argc != 3)
        return 2;
    const struct sockaddr_in server = {.sin_family = AF_INET,
                                       .sin_port = htons((in_port_t)atoi(argv[1])),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const double end = now() + atof(argv[2]);
    long* counts =
        mmap(NULL, clients * sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED)
        return 1;
    for (int i = 0; i < clients; ++i) {
        if (fork() == 0) {
            counts[i] = visit_until(&server, end);
            exit(0);
        }
    }
    long total = 0;
    for (int i = 0; i < clients; ++i) {
        int status = 0;
        if (wait(&status) < 0 || status != 0)
            return 1;
    }
    for (int i = 0; i < clients; ++i)
        total += counts[i];
    printf("%ld\n", total);
    return 0;
}
