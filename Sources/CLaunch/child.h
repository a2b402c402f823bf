// The child between clone3 and pid 1. Runs in the parent's memory, on a stack of its own, with every signal blocked.
#ifndef CLAUNCH_CHILD_H
#define CLAUNCH_CHILD_H

#include "CLaunch.h"

struct claunch_child {
    const struct claunch_plan *plan;
    struct claunch_failure *failure;
};

// Does not return: it becomes pid 1, or fills in `failure` and exits.
__attribute__((noreturn)) void claunch_child_main(void *argument);

#endif
