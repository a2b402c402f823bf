#ifndef LAUNCH_FLOOR_CLONE_H
#define LAUNCH_FLOOR_CLONE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CHILD_STACK_BYTES (64 * 1024)

/// What a child is made of. `flags` are clone3's; CLONE_VM is always added: the child runs `entry` in our memory,
/// on `stack` (CHILD_STACK_BYTES, 16-aligned), and must end by exec or child_exit.
struct clone_request {
    uint64_t flags;
    int cgroup;
    void *stack;
    void (*entry)(void *argument);
    void *argument;
};

/// The pid, with `*pid_descriptor` set (close-on-exec), or -1 with errno.
pid_t clone_child(const struct clone_request *request, int *pid_descriptor);

/// _exit without libc's locks.
_Noreturn void child_exit(int status);

/// Waits for the child's end and reaps it; gives si_code and si_status. 0, or -1 with errno.
int wait_child(int pid_descriptor, int *code, int *status);

#endif
