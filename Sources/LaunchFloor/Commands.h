#ifndef LAUNCH_FLOOR_COMMANDS_H
#define LAUNCH_FLOOR_COMMANDS_H

#include <stddef.h>

/// Times whole commands from outside, from before posix_spawn until reaped, in turn (A B C A B C …), so that whatever
/// disturbs the machine disturbs all alike. Prints one row a command, with `peak_rss_bytes` of it and its descendants;
/// one that fails its first run gives `did_not_run` with the reason instead, and the others go on.
///
/// `words` are commands divided by ";;", each: NAME WHAT [--open FD PATH]… PROGRAM ARGUMENT…
/// `{n}` in an argument becomes a number unique to the run.
/// Returns 0, or 64 for wrong usage.
int commands_time(char **words, size_t count, size_t warm_up);

#endif
