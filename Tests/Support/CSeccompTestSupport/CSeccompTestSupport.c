#define _GNU_SOURCE
#include "CSeccompTestSupport.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// The parent has threads: between fork and exit a child makes system calls and touches shared pages, no more.

static long install(const void *bpf, size_t size, unsigned flags) {
    if (size == 0) return 0;
    struct sock_fprog program = {.len = (unsigned short)(size / sizeof(struct sock_filter)),
                                 .filter = (struct sock_filter *)bpf};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) return -errno;
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    return result == -1 ? -errno : result;
}

static int64_t enter(const struct csts_call *call) {
    const uint64_t *arguments = call->arguments;
#ifdef __x86_64__
    if (call->entry == CSTS_INT_80) {
        int64_t result;
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(call->number) : "memory", "r8", "r9", "r10", "r11");
        return result;
    }
#endif
    long result =
        syscall(call->number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
    return result == -1 ? -errno : result;
}

static void no_core(void) {
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
}

long csts_wait(pid_t child, int *wait_status) {
    while (waitpid(child, wait_status, 0) == -1)
        if (errno != EINTR) return -errno;
    return 0;
}

struct shared {
    long installed;
    struct csts_outcome outcome;
};

long csts_call(const void *bpf, size_t size, const struct csts_call *call, struct csts_outcome *outcome) {
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return -errno;
    shared->installed = -ECHILD;
    pid_t child = fork();
    if (child == 0) {
        no_core();
        shared->installed = install(bpf, size, 0);
        if (shared->installed == 0) {
            shared->outcome.result = enter(call);
            shared->outcome.returned = 1;
        }
        _exit(0);
    }
    int status = 0;
    long result = child < 0 ? -errno : csts_wait(child, &status);
    if (result == 0) result = shared->installed;
    *outcome = shared->outcome;
    outcome->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    (void)munmap(shared, sizeof *shared);
    return result;
}

static long send_descriptor(int socket, int descriptor) {
    char byte = 0;
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    return sendmsg(socket, &message, 0) == -1 ? -errno : 0;
}

static long receive_descriptor(int socket) {
    char byte;
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (count == -1) return -errno;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (count != 1 || header == NULL) return -ECHILD;
    int descriptor;
    memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return descriptor;
}

long csts_listen(const void *bpf, size_t size, const struct csts_call *calls, size_t count, int times, int *listener,
                 pid_t *child) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1) return -errno;
    *child = fork();
    if (*child == 0) {
        no_core();
        (void)close(ends[0]);
        long descriptor = install(bpf, size, SECCOMP_FILTER_FLAG_NEW_LISTENER);
        if (descriptor < 0 || send_descriptor(ends[1], (int)descriptor) != 0) _exit(1);
        // Whoever keeps a listener open keeps its filter in use: POLLHUP would never come.
        (void)close((int)descriptor);
        for (int round = 0; round < times; round++)
            for (size_t index = 0; index < count; index++) (void)enter(&calls[index]);
        _exit(0);
    }
    long result = *child < 0 ? -errno : 0;
    (void)close(ends[1]);
    if (result == 0) {
        result = receive_descriptor(ends[0]);
        if (result >= 0) {
            *listener = (int)result;
            result = 0;
        } else {
            int status;
            (void)csts_wait(*child, &status);
        }
    }
    (void)close(ends[0]);
    return result;
}

long csts_run(const void *bpf, size_t size, const char *const *arguments, int *wait_status) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return -errno;
    pid_t child = fork();
    if (child == 0) {
        no_core();
        for (int descriptor = 0; descriptor < 3; descriptor++) (void)dup2(null, descriptor);
        if (install(bpf, size, 0) == 0) (void)execv(arguments[0], (char *const *)arguments);
        _exit(125);
    }
    long result = child < 0 ? -errno : csts_wait(child, wait_status);
    (void)close(null);
    return result;
}
