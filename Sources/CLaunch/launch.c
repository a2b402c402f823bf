#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CLaunch.h"
#include "child.h"
#include "syscalls.h"

// Enough for system calls with a struct or two; a guard page lies below.
enum { STACK_SIZE = 64 << 10, GUARD_SIZE = 4096 };

struct claunch_thread {
    char *stack;           // lowest address, of the guard page
    uint64_t template_id;  // the template that this thread is in; 0 before the first
};

// Empties the capability bounding set of this thread, once: its children inherit it, and what the thread itself has it
// keeps. 0, or errno.
static int drop_bounding_set(void) {
    for (int capability = 0;; capability++) {
        if (prctl(PR_CAPBSET_DROP, capability) == 0) continue;
        // The first capability that the kernel does not know: the set ends there.
        return errno == EINVAL && capability > 0 ? 0 : errno;
    }
}

struct claunch_thread *claunch_thread_create(int *error) {
    struct claunch_thread *thread = calloc(1, sizeof *thread);
    if (!thread) {
        *error = ENOMEM;
        return NULL;
    }
    thread->stack =
        mmap(NULL, STACK_SIZE + GUARD_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (thread->stack == MAP_FAILED) {
        *error = errno;
        free(thread);
        return NULL;
    }
    // setns(2) into a mount namespace is refused to a thread that shares its root and working directory with others.
    if (mprotect(thread->stack, GUARD_SIZE, PROT_NONE) != 0 || unshare(CLONE_FS) != 0) {
        *error = errno;
        munmap(thread->stack, STACK_SIZE + GUARD_SIZE);
        free(thread);
        return NULL;
    }
    *error = drop_bounding_set();
    if (*error != 0) {
        claunch_thread_destroy(thread);
        return NULL;
    }
    return thread;
}

void claunch_thread_destroy(struct claunch_thread *thread) {
    if (!thread) return;
    munmap(thread->stack, STACK_SIZE + GUARD_SIZE);
    free(thread);
}

// clone3(2), the child on a stack of its own. Only the child runs `entry`, and `entry` does not return.
static long clone_onto_stack(struct clone_args *arguments, void (*entry)(void *), void *argument) {
    long result;
    register void (*r8)(void *) __asm__("r8") = entry;
    register void *r9 __asm__("r9") = argument;
    __asm__ volatile(
        "syscall\n"
        "test %%rax, %%rax\n"
        "jnz 1f\n"
        "xor %%ebp, %%ebp\n"
        "mov %%r9, %%rdi\n"
        "call *%%r8\n"
        "hlt\n"
        "1:\n"
        : "=a"(result)
        : "0"(SYS_clone3), "D"(arguments), "S"(sizeof *arguments), "r"(r8), "r"(r9)
        : "rcx", "r11", "memory");
    return result;
}

static long clone_child(struct claunch_thread *thread, uint64_t flags, int cgroup_fd, void (*entry)(void *),
                        void *argument, int *pidfd) {
    struct clone_args arguments = {
        .flags = flags | CLONE_PIDFD | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
        .pidfd = (uint64_t)(uintptr_t)pidfd,
        .exit_signal = SIGCHLD,
        .stack = (uint64_t)(uintptr_t)(thread->stack + GUARD_SIZE),
        .stack_size = STACK_SIZE,
        .cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
    };
    return clone_onto_stack(&arguments, entry, argument);
}

static int failed(struct claunch_failure *failure, int step, int error) {
    failure->step = step;
    failure->index = 0;
    failure->error = error;
    return -1;
}

int claunch_launch(struct claunch_thread *thread, const struct claunch_plan *plan, int *pidfd, pid_t *pid,
                   struct claunch_failure *failure) {
    *failure = (struct claunch_failure){0};
    *pidfd = -1;
    if (plan->fault_step == CLAUNCH_TEMPLATE) return failed(failure, CLAUNCH_TEMPLATE, plan->fault_error);
    if (plan->template_id != thread->template_id) {
        if (setns(plan->template_ns_fd, CLONE_NEWNS) != 0) return failed(failure, CLAUNCH_TEMPLATE, errno);
        thread->template_id = plan->template_id;
    }
    if (plan->fault_step == CLAUNCH_CLONE) return failed(failure, CLAUNCH_CLONE, plan->fault_error);

    // A handler that ran in the child would run in our memory; the mask is also what pid 1 inherits.
    uint64_t all = ~UINT64_C(0), before = 0;
    raw4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, sizeof all);
    struct claunch_child child = {plan, failure};
    long result = clone_child(thread, CLONE_VM | CLONE_VFORK | plan->namespaces, plan->cgroup_fd, claunch_child_main,
                              &child, pidfd);
    raw4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, sizeof before);
    if (result < 0) return failed(failure, CLAUNCH_CLONE, (int)-result);
    *pid = (pid_t)result;
    if (failure->step == CLAUNCH_NONE) return 0;

    siginfo_t info;
    while (waitid(P_PIDFD, (id_t)*pidfd, &info, WEXITED) != 0 && errno == EINTR) {
    }
    close(*pidfd);
    *pidfd = -1;
    return -1;
}

static void hold_main(void *argument) {
    int release_fd = *(int *)argument;
    char byte;
    // Nothing else of ours stays open here: a copy of the pipe's other end would keep the child waiting after its
    // parent's death, and copies of locked directories would make a dead worker look alive.
    if (release_fd != 0) raw3(SYS_dup3, release_fd, 0, 0);
    raw3(SYS_close_range, 1, ~0U, 0);
    raw3(SYS_read, 0, (long)&byte, 1);
    for (;;) raw1(SYS_exit_group, 0);
}

int claunch_hold(struct claunch_thread *thread, uint64_t flags, int cgroup_fd, int release_fd, int *pidfd, pid_t *pid) {
    // The child runs beside us in our memory, so what it reads must outlive this call: the bottom of its own stack
    // does.
    int *held = (int *)(void *)(thread->stack + GUARD_SIZE);
    *held = release_fd;
    uint64_t all = ~UINT64_C(0), before = 0;
    raw4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, sizeof all);
    long result = clone_child(thread, CLONE_VM | flags, cgroup_fd, hold_main, held, pidfd);
    raw4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, sizeof before);
    if (result < 0) return (int)result;
    *pid = (pid_t)result;
    return 0;
}

const char *claunch_step_name(int step) {
    static const char *const names[CLAUNCH_STEP_COUNT] = {
        [CLAUNCH_NONE] = "none",
        [CLAUNCH_TEMPLATE] = "root template",
        [CLAUNCH_CLONE] = "clone",
        [CLAUNCH_SESSION] = "session",
        [CLAUNCH_NETWORK_NS] = "network namespace",
        [CLAUNCH_CGROUP_NS] = "cgroup namespace",
        [CLAUNCH_HOSTNAME] = "hostname",
        [CLAUNCH_LOOPBACK] = "loopback",
        [CLAUNCH_MOUNT] = "mount",
        [CLAUNCH_PROC] = "proc",
        [CLAUNCH_OOM_SCORE] = "oom score",
        [CLAUNCH_WORKING_DIRECTORY] = "working directory",
        [CLAUNCH_DESCRIPTOR] = "descriptor",
        [CLAUNCH_RLIMIT] = "rlimit",
        [CLAUNCH_GROUPS] = "groups",
        [CLAUNCH_GID] = "gid",
        [CLAUNCH_UID] = "uid",
        [CLAUNCH_CAPABILITIES] = "capabilities",
        [CLAUNCH_NO_NEW_PRIVS] = "no_new_privs",
        [CLAUNCH_PARENT_DEATH] = "parent death signal",
        [CLAUNCH_LANDLOCK] = "landlock",
        [CLAUNCH_FILTER] = "seccomp filter",
        [CLAUNCH_INIT] = "pid 1",
        [CLAUNCH_EXEC] = "exec",
    };
    return step >= 0 && step < CLAUNCH_STEP_COUNT && names[step] ? names[step] : "unknown";
}
