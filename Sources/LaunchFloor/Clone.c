#define _GNU_SOURCE
#include "Clone.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/// The child starts on an empty stack, so it cannot return through C: the switch is in assembler.
static long clone_and_call(struct clone_args *arguments, void (*entry)(void *), void *argument) {
#if defined(__x86_64__)
    long result;
    register void (*child_entry)(void *) __asm__("r12") = entry;
    register void *child_argument __asm__("r13") = argument;
    __asm__ volatile(
        "syscall\n\t"
        "test %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "xor %%ebp, %%ebp\n\t"
        "mov %%r13, %%rdi\n\t"
        "call *%%r12\n\t"
        "hlt\n"
        "1:"
        : "=a"(result)
        : "a"(SYS_clone3), "D"(arguments), "S"(sizeof *arguments), "r"(child_entry), "r"(child_argument)
        : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long number __asm__("x8") = SYS_clone3;
    register long first __asm__("x0") = (long)arguments;
    register long second __asm__("x1") = sizeof *arguments;
    register void (*child_entry)(void *) __asm__("x20") = entry;
    register void *child_argument __asm__("x21") = argument;
    __asm__ volatile(
        "svc #0\n\t"
        "cbnz x0, 1f\n\t"
        "mov x29, #0\n\t"
        "mov x0, x21\n\t"
        "blr x20\n\t"
        "brk #1\n"
        "1:"
        : "+r"(first)
        : "r"(number), "r"(second), "r"(child_entry), "r"(child_argument)
        : "memory", "x30");
    return first;
#else
#error "no clone3 for this architecture"
#endif
}

pid_t clone_child(const struct clone_request *request, int *pid_descriptor) {
    struct clone_args arguments = {
        .flags = request->flags | CLONE_VM | CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)pid_descriptor,
        .exit_signal = SIGCHLD,
        .stack = (uint64_t)(uintptr_t)request->stack,
        .stack_size = CHILD_STACK_BYTES,
    };
    if (request->cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)request->cgroup;
    }
    long result = clone_and_call(&arguments, request->entry, request->argument);
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    return (pid_t)result;
}

void child_exit(int status) {
    for (;;) syscall(SYS_exit_group, status);
}

int wait_child(int pid_descriptor, int *code, int *status) {
    siginfo_t info = {0};
    while (waitid((idtype_t)P_PIDFD, (id_t)pid_descriptor, &info, WEXITED) < 0)
        if (errno != EINTR) return -1;
    *code = info.si_code;
    *status = info.si_status;
    return 0;
}
