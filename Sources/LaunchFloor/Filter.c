#include "Filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_AUDIT_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_AUDIT_ARCH AUDIT_ARCH_AARCH64
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))

/// Both filters begin alike: another architecture's entry and x32's numbers are killed.
#define PROLOGUE                                                                                                \
    LOAD(arch), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_AUDIT_ARCH, 1, 0), RETURN(SECCOMP_RET_KILL_PROCESS), \
        LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), RETURN(SECCOMP_RET_KILL_PROCESS)

/// `distance`: how many instructions lie between this one and the last, which allows.
#define ALLOW(call, distance) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, (distance), 0)

struct sock_fprog filter_small(void) {
    static struct sock_filter code[] = {
        PROLOGUE,
        ALLOW(execve, 13),
        ALLOW(execveat, 12),
        ALLOW(exit_group, 11),
        ALLOW(exit, 10),
        ALLOW(read, 9),
        ALLOW(write, 8),
        ALLOW(wait4, 7),
        ALLOW(close, 6),
        ALLOW(brk, 5),
        ALLOW(mmap, 4),
        ALLOW(munmap, 3),
        ALLOW(futex, 2),
        ALLOW(rt_sigreturn, 1),
        RETURN(SECCOMP_RET_ERRNO | EPERM),
        RETURN(SECCOMP_RET_ALLOW),
    };
    return (struct sock_fprog){.len = sizeof code / sizeof *code, .filter = code};
}

struct sock_fprog filter_linear(unsigned instructions) {
    if (instructions > BPF_MAXINSNS) instructions = BPF_MAXINSNS;
    struct sock_filter *code = calloc(instructions + 16, sizeof *code);
    if (code == NULL) abort();
    const struct sock_filter prologue[] = {PROLOGUE};
    unsigned length = 0;
    for (unsigned i = 0; i < sizeof prologue / sizeof *prologue; i++) code[length++] = prologue[i];
    // A jump reaches 255 instructions at most, so each allowed call carries its own return.
    for (unsigned call = 0; length + 2 < instructions; call++) {
        code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
        code[length++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
    }
    code[length++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
    return (struct sock_fprog){.len = (unsigned short)length, .filter = code};
}

int filter_read(const char *path, struct sock_fprog *filter) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return -1;
    struct stat facts;
    if (fstat(descriptor, &facts) < 0) goto failed;
    size_t bytes = (size_t)facts.st_size;
    if (bytes == 0 || bytes % sizeof(struct sock_filter) || bytes / sizeof(struct sock_filter) > BPF_MAXINSNS) {
        errno = EINVAL;
        goto failed;
    }
    struct sock_filter *code = malloc(bytes);
    if (code == NULL) goto failed;
    if (read(descriptor, code, bytes) != (ssize_t)bytes) {
        free(code);
        errno = EIO;
        goto failed;
    }
    close(descriptor);
    *filter = (struct sock_fprog){.len = (unsigned short)(bytes / sizeof(struct sock_filter)), .filter = code};
    return 0;
failed:;
    int saved = errno;
    close(descriptor);
    errno = saved;
    return -1;
}

int filter_install(const struct sock_fprog *filter) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter);
}
