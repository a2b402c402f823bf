// Typing into, or pasting to, the terminal that the worker was started from. Stdin is a terminal of the prover's own.
#define _GNU_SOURCE
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

// The kernel reads 32 bits of the request; a filter that compares 64 takes the second for another one (CVE-2019-10063).
static int terminal_attack(unsigned long request, char *byte) {
    int child = fork_or_end();
    if (child > 0) return wait_for(child);
    // The kernel lets a process without rights type into its controlling terminal alone, which only the leader of a
    // session can have: against any other terminal the attack would be refused without a sandbox too.
    if (setsid() < 0 || ioctl(0, TIOCSCTTY, 0) < 0) _exit(untried("no controlling terminal"));
    struct tries tries = {0};
    try_result(&tries, "plain", syscall(SYS_ioctl, 0, request, byte));
    try_result(&tries, "upper-half", syscall(SYS_ioctl, 0, request | 1UL << 32, byte));
    _exit(tries_end(&tries));
}

static int tiocsti(char **args) {
    (void)args;
    char byte = 'x';
    return terminal_attack(TIOCSTI, &byte);
}

static int tioclinux(char **args) {
    (void)args;
    // Paste the selection.
    char command = 3;
    return terminal_attack(TIOCLINUX, &command);
}

static int terminal_control(char **args) {
    (void)args;
    struct winsize size;
    return control_result("window-size", ioctl(0, TIOCGWINSZ, &size));
}

const struct probe_case terminal_cases[] = {
    {"tiocsti", tiocsti, terminal_control, NULL},
    {"tioclinux", tioclinux, terminal_control, NULL},
    {NULL, NULL, NULL, NULL},
};
