#ifndef LAUNCH_FLOOR_STEPS_H
#define LAUNCH_FLOOR_STEPS_H

#include "Sandbox.h"

#include <stddef.h>

/// Prints what every step of a launch costs (medians of `count`), and what the other ways would cost.
/// Call with one thread only. 0, or -1 with a reason printed.
int steps_print(struct sandbox *sandbox, size_t count);

#endif
