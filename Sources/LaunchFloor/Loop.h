#ifndef LAUNCH_FLOOR_LOOP_H
#define LAUNCH_FLOOR_LOOP_H

#include "Sandbox.h"

#include <stddef.h>

struct loop {
    const char *name, *what;
    size_t count;       ///< launches measured, all threads together
    size_t warm_up;     ///< and before, not measured
    unsigned threads;   ///< launches at a time
    unsigned pause_us;  ///< after each launch, to let the kernel's own clean-up finish
};

/// Launches and prints one row. 0, or -1 with a reason printed.
int loop_run(const struct sandbox *sandbox, const struct loop *loop);

#endif
