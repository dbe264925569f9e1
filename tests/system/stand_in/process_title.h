// The exported functions of libdovecot that set a process's title.
#pragma once

void process_title_init(int argc, char** argv[]);
void process_title_set(const char* title);
