// Outliving the run, or its kill. The attack is in place before the leader says `done`; whether anything is left is
// for the supervisor to say.
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

// A pipe whose reader waits until a descendant has done what it was to do.
static int ready_pipe[2];

static void open_ready(void) {
    if (pipe(ready_pipe) < 0) _exit(untried("pipe"));
}

static void say_ready(void) {
    if (write(ready_pipe[1], "r", 1) != 1) _exit(PROBE_UNTRIED);
}

static void await_ready(void) {
    char byte;
    if (read(ready_pipe[0], &byte, 1) != 1) _exit(untried("no word from the descendant"));
}

// Forks twice; the grandchild is in a session of its own, ignores all it can, and stays.
static void leave_daemon(bool keeps_streams) {
    open_ready();
    int child = fork_or_end();
    if (child == 0) {
        setsid();
        if (fork_or_end() != 0) _exit(0);
        setsid();
        ignore_signals();
        if (!keeps_streams)
            for (int fd = 0; fd < 3; fd++) close(fd);
        say_ready();
        wait_forever();
    }
    wait_for(child);
    await_ready();
}

static int double_fork(char **args) {
    (void)args;
    leave_daemon(false);
    return done("a daemon that ignores every signal is there");
}

static int held_stdout(char **args) {
    (void)args;
    leave_daemon(true);
    return done("a daemon holds stdout and stderr");
}

static int stopped_child(char **args) {
    (void)args;
    int child = fork_or_end();
    if (child == 0) {
        raise(SIGSTOP);
        _exit(0);
    }
    int status;
    if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status)) return untried("the child did not stop");
    return done("a stopped child is there");
}

// In the memory of its parent, which waits in the kernel, where only a fatal signal reaches it.
static int vfork_child(void *nothing) {
    (void)nothing;
    done("a vfork child waits, and its parent in the kernel for it");
    wait_forever();
}

static int vfork_stuck(char **args) {
    (void)args;
    static char stack[65536] __attribute__((aligned(16)));
    clone(vfork_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
    return untried("vfork came back");
}

static int sigterm_ignored(char **args) {
    (void)args;
    ignore_signals();
    int child = fork_or_end();
    if (child == 0) wait_forever();
    done("leader and child ignore every signal");
    wait_forever();
}

// Takes and leaves process ids as fast as it can: whoever kills by number is always too late. It is too short for a
// number to come round, so that no stranger is put in the way.
static int pid_reuse(char **args) {
    (void)args;
    done("process ids are being used up");
    for (;;) {
        int child = fork();
        if (child == 0) {
            setsid();
            _exit(0);
        }
        if (child > 0) wait_for(child);
    }
}

static int child_control(char **args) {
    (void)args;
    int child = fork_or_end();
    if (child == 0) {
        setsid();
        _exit(0);
    }
    return wait_for(child) == 0 ? allowed("a child in a session of its own, which ended") : denied("child");
}

const struct probe_case survival_cases[] = {
    {"double-fork", double_fork, child_control, NULL},
    {"held-stdout", held_stdout, child_control, NULL},
    {"stopped-child", stopped_child, child_control, NULL},
    {"vfork-stuck", vfork_stuck, child_control, NULL},
    {"sigterm-ignored", sigterm_ignored, child_control, NULL},
    {"pid-reuse", pid_reuse, child_control, NULL},
    {NULL, NULL, NULL, NULL},
};
