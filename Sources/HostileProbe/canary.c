#include <unistd.h>

#include "helpers.h"

int helper_canary(void) {
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return 0;
}
