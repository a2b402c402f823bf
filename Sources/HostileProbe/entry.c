// The other doors into the kernel, whose numbers mean other calls: a filter that looks at the number alone lets them
// by.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

#ifdef __x86_64__

// getpid(2) is 20 there. In 64 bits, 20 is writev(2).
static long old_getpid(void) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "0"(20L) : "memory", "r8", "r9", "r10", "r11");
    return result;
}

static int int80_attack(char **args) {
    (void)args;
    long result = old_getpid();
    if (result < 0) {
        errno = (int)-result;
        result = -1;
    }
    return attack_result("int80", result);
}

static long x32_getpid(void) { return syscall(0x40000000 | SYS_getpid); }

static int x32_attack(char **args) {
    (void)args;
    return attack_result("x32", x32_getpid());
}

// A kernel without this door raises SIGSEGV.
static bool has_int80(void) {
    int child = fork_or_end();
    if (child == 0) _exit(old_getpid() == getpid() ? 0 : 1);
    return wait_for(child) == 0;
}

static bool has_x32(void) { return x32_getpid() >= 0 || errno != ENOSYS; }

#else

static int int80_attack(char **args) {
    (void)args;
    return untried("this architecture has one door");
}

static int x32_attack(char **args) { return int80_attack(args); }
static bool has_int80(void) { return false; }
static bool has_x32(void) { return false; }

#endif

static int entry_control(char **args) {
    (void)args;
    return control_result("syscall", syscall(SYS_getpid));
}

const struct probe_case entry_cases[] = {
    {"int80", int80_attack, entry_control, has_int80},
    {"x32", x32_attack, entry_control, has_x32},
    {NULL, NULL, NULL, NULL},
};
