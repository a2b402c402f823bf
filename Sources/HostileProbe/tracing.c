// Other processes: their memory, their descriptors, their registers. The victim is pid 1, which is ours.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "probe.h"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

static int trace(char **args) {
    (void)args;
    struct tries tries = {0};
    try_result(&tries, "seize", ptrace(PTRACE_SEIZE, 1, NULL, NULL));
    try_result(&tries, "attach", ptrace(PTRACE_ATTACH, 1, NULL, NULL));
    // One's own child is the easiest prey, and what sandboxes were left by.
    int child = fork_or_end();
    if (child == 0) wait_forever();
    try_result(&tries, "child", ptrace(PTRACE_SEIZE, child, NULL, NULL));
    try_result(&tries, "traceme", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
    kill(child, SIGKILL);
    return tries_end(&tries);
}

static int trace_control(char **args) {
    (void)args;
    int child = fork_or_end();
    if (child == 0) wait_forever();
    if (kill(child, SIGKILL) < 0) return denied("kill");
    return wait_for(child) == 128 + SIGKILL ? allowed("a signal to an own child") : denied("kill");
}

static int process_memory(char **args) {
    (void)args;
    struct tries tries = {0};
    try_result(&tries, "read", open("/proc/1/mem", O_RDONLY));
    try_result(&tries, "write", open("/proc/1/mem", O_RDWR));
    try_result(&tries, "maps", open("/proc/1/maps", O_RDONLY));
    try_result(&tries, "environ", open("/proc/1/environ", O_RDONLY));
    return tries_end(&tries);
}

static int memory_control(char **args) {
    (void)args;
    static const char secret = 's';
    char found = 0;
    int fd = open("/proc/self/mem", O_RDONLY);
    if (fd < 0 || pread(fd, &found, 1, (off_t)(uintptr_t)&secret) != 1) return denied("mem");
    return found == secret ? allowed("the own memory through /proc/self/mem") : denied("mem");
}

static int foreign_memory(char **args) {
    (void)args;
    char byte = 0;
    struct iovec here = {&byte, 1}, there = {(void *)0x400000, 1};
    struct tries tries = {0};
    try_result(&tries, "readv", process_vm_readv(1, &here, 1, &there, 1, 0));
    try_result(&tries, "writev", process_vm_writev(1, &here, 1, &there, 1, 0));
    // Of the own process, which the kernel itself would never refuse: the filter does.
    there.iov_base = &byte;
    try_result(&tries, "own", process_vm_readv(getpid(), &here, 1, &there, 1, 0));
    return tries_end(&tries);
}

static int pidfd_steal(char **args) {
    (void)args;
    long one = syscall(SYS_pidfd_open, 1, 0);
    if (one < 0) return attack_result("pidfd_open", -1);
    struct tries tries = {0};
    // 3 is the pipe on which pid 1 writes how the run ended.
    try_result(&tries, "status", syscall(SYS_pidfd_getfd, one, 3, 0));
    try_result(&tries, "stdin", syscall(SYS_pidfd_getfd, one, 0, 0));
    return tries_end(&tries);
}

static int pidfd_control(char **args) {
    (void)args;
    int child = fork_or_end();
    if (child == 0) wait_forever();
    long handle = syscall(SYS_pidfd_open, child, 0);
    if (handle < 0 || syscall(SYS_pidfd_send_signal, handle, SIGKILL, NULL, 0) < 0) return denied("pidfd");
    return wait_for(child) == 128 + SIGKILL ? allowed("a signal through a pid descriptor") : denied("pidfd");
}

static bool has_pidfd_getfd(void) { return syscall(SYS_pidfd_getfd, -1, 0, 0) >= 0 || errno != ENOSYS; }

static bool has_process_vm(void) { return process_vm_readv(getpid(), NULL, 0, NULL, 0, 0) >= 0 || errno != ENOSYS; }

const struct probe_case tracing_cases[] = {
    {"ptrace", trace, trace_control, NULL},
    {"process-memory", process_memory, memory_control, NULL},
    {"process-vm", foreign_memory, memory_control, has_process_vm},
    {"pidfd-getfd", pidfd_steal, pidfd_control, has_pidfd_getfd},
    {NULL, NULL, NULL, NULL},
};
