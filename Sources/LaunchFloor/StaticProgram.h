#ifndef LAUNCH_FLOOR_STATIC_PROGRAM_H
#define LAUNCH_FLOOR_STATIC_PROGRAM_H

/// Writes an ELF program of one page that does nothing but exit(0) to `descriptor`: no libc, no loader.
/// Every row of the benchmark runs this same program, so what differs is the launcher.
/// Returns 0, or -1 with errno.
int static_program_write(int descriptor);

#endif
