// What stands before the title function in a libdovecot.so.0 of another version.
void padding(void) {
    __asm__(".fill 8192, 1, 0");
}
