// The impostor as a program: its constructor does all.
int main(void) {
    return 1;
}
