#ifndef LAUNCH_FLOOR_FILTER_H
#define LAUNCH_FLOOR_FILTER_H

#include <linux/filter.h>

/// A small honest allow-list, about 20 instructions: the architecture, no x32, the calls a static program needs, EPERM.
struct sock_fprog filter_small(void);

/// An allow-list of about `instructions` instructions (at most BPF_MAXINSNS) that compares the call's number with one
/// value after another, what libseccomp writes without an optimisation level.
struct sock_fprog filter_linear(unsigned instructions);

/// The raw sock_filter array in a file, as seccomp_export_bpf(3) writes it. 0, or -1 with errno.
int filter_read(const char *path, struct sock_fprog *filter);

/// no_new_privs and the filter; what a sandbox does last before exec. 0, or -1 with errno.
int filter_install(const struct sock_fprog *filter);

#endif
