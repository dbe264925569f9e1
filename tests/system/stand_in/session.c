// A stand-in for Dovecot's pop3 process: it shows what a short session shows, and exits.
//
//   pop3 session NUMBER   one session of user NUMBER
//   pop3 titles COUNT     COUNT titles: one user after the other, each followed by [idling]
#include "process_title.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void show(const char* format, long user) {
    char title[64];
    snprintf(title, sizeof title, format, user, user % 254 + 1);
    process_title_set(title);
}

int main(int argc, char* argv[]) {
    if (argc != 3)
        return 2;
    const long number = atol(argv[2]);
    process_title_set("[idling]");
    if (strcmp(argv[1], "titles") == 0) {
        for (long user = 1; user <= number / 2; ++user) {
            show("[u%ld 192.0.2.%ld]", user);
            process_title_set("[idling]");
        }
        return 0;
    }
    show("[user%ld 192.0.2.%ld]", number);
    show("[user%ld 192.0.2.%ld (deinit)]", number);
    process_title_set("[idling]");
    return 0;
}
