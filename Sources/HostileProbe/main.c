/* scan-probe: one subcommand an attack. Exits 64 for one that it does not know. */
#include <stdio.h>

int main(int argc, char **argv) {
    fprintf(stderr, "scan-probe: unknown attack %s\n", argc > 1 ? argv[1] : "(none)");
    return 64;
}
