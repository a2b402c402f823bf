// Puts a filter on a real process and tells what the kernel did with a call there. For tests alone.
#ifndef CSECCOMP_TEST_SUPPORT_H
#define CSECCOMP_TEST_SUPPORT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// The way into the kernel.
enum { CSTS_SYSCALL = 0, CSTS_INT_80 = 1 };

struct csts_call {
    int64_t number;
    uint64_t arguments[6];
    int entry;
};

struct csts_outcome {
    /// What the call returned, the kernel's way (-errno); only when `returned` is not 0.
    int64_t result;
    int returned;
    /// The signal that ended the process; 0 when it exited.
    int signal;
};

/// Makes one call in a child of its own under the filter (none where size is 0). 0, or -errno where it could not be
/// tried.
long csts_call(const void *bpf, size_t size, const struct csts_call *call, struct csts_outcome *outcome);

/// Starts a child that installs the filter with SECCOMP_FILTER_FLAG_NEW_LISTENER, hands the listener over and then
/// makes the calls, each `times` times. Gives the listener (close-on-exec) and the child, which the caller waits for.
long csts_listen(const void *bpf, size_t size, const struct csts_call *calls, size_t count, int times, int *listener,
                 pid_t *child);

/// Runs a program under the filter, its output to /dev/null; gives the wait status.
long csts_run(const void *bpf, size_t size, const char *const *arguments, int *wait_status);

/// waitpid(2), EINTR retried.
long csts_wait(pid_t child, int *wait_status);

#endif
