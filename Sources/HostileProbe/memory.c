// Memory in every shape that a limit on one process's address space would not see. Each is bounded by its first
// argument, in bytes: where nothing holds it, it says so instead of taking the host along.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probe.h"

static const size_t chunk = 1 << 20;

// Anonymous memory, touched. Never given back.
static int hold(long long bytes, int advice) {
    for (long long held = 0; held < bytes; held += (long long)chunk) {
        char *memory = mmap(NULL, chunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return -1;
        // Not zero, and not the same in every page: neither can be merged or dropped.
        for (size_t at = 0; at < chunk; at += 4096) memory[at] = (char)(1 + (held + (long long)at) / 4096 % 127);
        if (advice) madvise(memory, chunk, advice);
    }
    return 0;
}

static int file_with(int fd, long long bytes) {
    static char block[1 << 16];
    memset(block, 'x', sizeof block);
    for (long long written = 0; written < bytes;) {
        ssize_t count = write(fd, block, sizeof block);
        if (count < 0) return -1;
        written += count;
    }
    return 0;
}

static int memory_bomb(char **args) {
    long long bytes = number(args, 0);
    if (hold(bytes, 0) < 0) return attack_result("mmap", -1);
    return succeeded("%lld bytes of memory were held", bytes);
}

static int memory_control(char **args) { return control_result("held", hold(number(args, 0), 0)); }

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

static int swap_escape(char **args) {
    long long bytes = number(args, 0);
    if (hold(bytes, MADV_PAGEOUT) < 0) return attack_result("mmap", -1);
    return succeeded("%lld bytes were held, in swap or elsewhere", bytes);
}

static int tmpfs_memory(char **args) {
    long long bytes = number(args, 0);
    int fd = open("/tmp/bomb", O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || file_with(fd, bytes) < 0) return attack_result("write", -1);
    return succeeded("%lld bytes of files were held", bytes);
}

static int tmpfs_control(char **args) {
    int fd = open("/tmp/modest", O_WRONLY | O_CREAT | O_EXCL, 0600);
    return control_result("write", fd < 0 ? -1 : file_with(fd, number(args, 0)));
}

static int memfd_bomb(char **args) {
    long long bytes = number(args, 0);
    int fd = memfd_create("bomb", MFD_CLOEXEC);
    if (fd < 0 || file_with(fd, bytes) < 0) return attack_result("memfd", -1);
    return succeeded("%lld bytes were held in a memfd", bytes);
}

static int memfd_control(char **args) {
    int fd = memfd_create("modest", MFD_CLOEXEC);
    return control_result("memfd", fd < 0 ? -1 : file_with(fd, number(args, 0)));
}

// Fills one pipe as far as it goes. Returns the bytes.
static long long fill_pipe(void) {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK) < 0) return -1;
    // As large as the kernel lets us; a refusal leaves it at its 64 KiB.
    fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    static char block[1 << 16];
    long long filled = 0;
    for (;;) {
        ssize_t count = write(ends[1], block, sizeof block);
        if (count <= 0) return filled;
        filled += count;
    }
}

static int pipe_bomb(char **args) {
    long long bytes = number(args, 0), held = 0;
    while (held < bytes) {
        long long filled = fill_pipe();
        if (filled < 0) return attack_result("pipe", -1);
        held += filled;
    }
    return succeeded("%lld bytes were held in pipes", held);
}

static int pipe_control(char **args) {
    (void)args;
    return control_result("pipe", fill_pipe() > 0 ? 0 : -1);
}

// The leader succeeds although a process that it relied on was killed for its memory.
static int child_oom(char **args) {
    long long bytes = number(args, 0);
    int child = fork_or_end();
    if (child == 0) _exit(hold(bytes, 0) < 0 ? PROBE_FAILED : PROBE_HELD);
    int code = wait_for(child);
    if (code == 128 + 9) return done("a child was killed, and the leader exits 0");
    return succeeded("a child held %lld bytes and exited with %d", bytes, code);
}

static int child_control(char **args) {
    long long bytes = number(args, 0);
    int child = fork_or_end();
    if (child == 0) _exit(hold(bytes, 0) < 0 ? PROBE_FAILED : PROBE_HELD);
    errno = ENOMEM;
    return control_result("child", wait_for(child) == 0 ? 0 : -1);
}

const struct probe_case memory_cases[] = {
    {"memory-bomb", memory_bomb, memory_control, NULL},
    {"tmpfs-memory", tmpfs_memory, tmpfs_control, NULL},
    {"memfd-bomb", memfd_bomb, memfd_control, NULL},
    {"pipe-bomb", pipe_bomb, pipe_control, NULL},
    {"swap-escape", swap_escape, memory_control, NULL},
    {"child-oom", child_oom, child_control, NULL},
    {NULL, NULL, NULL, NULL},
};
