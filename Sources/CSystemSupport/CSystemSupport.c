#define _GNU_SOURCE
#include "CSystemSupport.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

_Static_assert(CSYS_O_PATH == O_PATH && CSYS_O_TMPFILE == O_TMPFILE, "open(2) flags mirror the libc's");
_Static_assert(CSYS_RESOLVE_NO_XDEV == RESOLVE_NO_XDEV && CSYS_RESOLVE_NO_MAGICLINKS == RESOLVE_NO_MAGICLINKS &&
                   CSYS_RESOLVE_NO_SYMLINKS == RESOLVE_NO_SYMLINKS && CSYS_RESOLVE_BENEATH == RESOLVE_BENEATH &&
                   CSYS_RESOLVE_IN_ROOT == RESOLVE_IN_ROOT,
               "RESOLVE_* mirror the kernel's");

#define CSYS_RETURN(expression)                          \
    do {                                                 \
        long csys_result = (expression);                 \
        return csys_result == -1 ? -errno : csys_result; \
    } while (0)

_Static_assert(CSYS_MOUNT_READ_ONLY == MOUNT_ATTR_RDONLY && CSYS_MOUNT_NOSUID == MOUNT_ATTR_NOSUID &&
                   CSYS_MOUNT_NODEV == MOUNT_ATTR_NODEV && CSYS_MOUNT_NOEXEC == MOUNT_ATTR_NOEXEC &&
                   CSYS_MOUNT_IDMAP == MOUNT_ATTR_IDMAP && (int)CSYS_MOUNT_PRIVATE == (int)MS_PRIVATE &&
                   CSYS_AT_EMPTY_PATH == AT_EMPTY_PATH && CSYS_AT_RECURSIVE == AT_RECURSIVE &&
                   CSYS_TREE_CLONE == OPEN_TREE_CLONE && CSYS_TREE_CLOEXEC == OPEN_TREE_CLOEXEC,
               "mount constants mirror the kernel's");

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

long csys_memfd_create(const char *name, int executable) {
    long fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | (executable ? MFD_EXEC : 0));
    // Before Linux 6.3 the flag is unknown and every memfd can be executed.
    if (fd == -1 && errno == EINVAL && executable) fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd == -1 ? -errno : fd;
}

long csys_memfd_seal(int fd) {
    CSYS_RETURN(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL));
}

void csys_set_thread_name(const char *name) { prctl(PR_SET_NAME, name); }

long csys_pidfd_getfd(int pidfd, int fd) { CSYS_RETURN(syscall(SYS_pidfd_getfd, pidfd, fd, 0)); }

long csys_unshare(int flags) { CSYS_RETURN(unshare(flags)); }

long csys_unshare_mounts(void) { CSYS_RETURN(unshare(CLONE_NEWNS | CLONE_FS)); }

long csys_unshare_network(void) { CSYS_RETURN(unshare(CLONE_NEWNET)); }

long csys_make_mounts_private(void) { CSYS_RETURN(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)); }

long csys_pivot_here(void) {
    // With both arguments "." the old root lies on top of the new one, from where it can be detached: pivot_root(2),
    // NOTES.
    if (syscall(SYS_pivot_root, ".", ".") == -1) return -errno;
    CSYS_RETURN(umount2(".", MNT_DETACH));
}

long csys_epoll_create(void) { CSYS_RETURN(epoll_create1(EPOLL_CLOEXEC)); }

long csys_epoll_add(int epoll, int fd, uint32_t interest, uint64_t token) {
    struct epoll_event event = {.events = interest, .data.u64 = token};
    CSYS_RETURN(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

long csys_epoll_remove(int epoll, int fd) { CSYS_RETURN(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL)); }

long csys_epoll_wait(int epoll, struct csys_event *events, int capacity, int64_t timeout_ns) {
    struct epoll_event ready[64];
    if (capacity > 64) capacity = 64;
    struct timespec bound = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
    long count = syscall(SYS_epoll_pwait2, epoll, ready, capacity, timeout_ns < 0 ? NULL : &bound, NULL, 0);
    if (count == -1 && errno == ENOSYS) {
        // Before Linux 5.11: whole milliseconds, rounded up so that a deadline has passed when we wake.
        int64_t milliseconds = timeout_ns < 0 ? -1 : (timeout_ns + 999999) / 1000000;
        count = epoll_wait(epoll, ready, capacity, milliseconds > 86400000 ? 86400000 : (int)milliseconds);
    }
    if (count == -1) return -errno;
    for (long i = 0; i < count; i++)
        events[i] = (struct csys_event){.token = ready[i].data.u64, .events = ready[i].events};
    return count;
}

long csys_eventfd(void) { CSYS_RETURN(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

long csys_pipe2(int ends[2], int flags) { CSYS_RETURN(pipe2(ends, flags)); }

long csys_fallocate_beyond(int fd, int64_t offset, int64_t length) {
    CSYS_RETURN(fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, length));
}

long csys_release_beyond(int fd, int64_t offset) {
    CSYS_RETURN(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, (int64_t)1 << 40));
}

long csys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    CSYS_RETURN(syscall(SYS_openat2, dirfd, path, &how, sizeof how));
}

long csys_pidfd_open(pid_t pid, unsigned flags) { CSYS_RETURN(syscall(SYS_pidfd_open, pid, flags)); }

long csys_pidfd_send_signal(int pidfd, int signal) {
    CSYS_RETURN(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

long csys_waitid_pidfd(int pidfd, int options, struct csys_wait_result *result) {
    siginfo_t info;
    struct rusage usage;
    memset(&info, 0, sizeof info);
    memset(result, 0, sizeof *result);
    long status = syscall(SYS_waitid, 3 /* P_PIDFD */, pidfd, &info, options, &usage);
    if (status == -1) return -errno;
    result->pid = info.si_pid;
    result->code = info.si_code;
    result->status = info.si_status;
    if (info.si_pid == 0) return 0;
    result->user_us = usage.ru_utime.tv_sec * INT64_C(1000000) + usage.ru_utime.tv_usec;
    result->system_us = usage.ru_stime.tv_sec * INT64_C(1000000) + usage.ru_stime.tv_usec;
    result->max_rss_bytes = usage.ru_maxrss * INT64_C(1024);
    return 0;
}

long csys_fsopen(const char *name, unsigned flags) { CSYS_RETURN(syscall(SYS_fsopen, name, flags)); }

long csys_fsconfig_string(int fd, const char *key, const char *value) {
    CSYS_RETURN(syscall(SYS_fsconfig, fd, 1 /* FSCONFIG_SET_STRING */, key, value, 0));
}

long csys_fsconfig_flag(int fd, const char *key) {
    CSYS_RETURN(syscall(SYS_fsconfig, fd, 0 /* FSCONFIG_SET_FLAG */, key, NULL, 0));
}

long csys_fsconfig_create(int fd) {
    CSYS_RETURN(syscall(SYS_fsconfig, fd, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0));
}

long csys_fsmount(int fd, unsigned flags, unsigned attributes) {
    CSYS_RETURN(syscall(SYS_fsmount, fd, flags, attributes));
}

long csys_open_tree(int dirfd, const char *path, unsigned flags) {
    CSYS_RETURN(syscall(SYS_open_tree, dirfd, path, flags));
}

long csys_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags) {
    CSYS_RETURN(syscall(SYS_move_mount, from, from_path, to, to_path, flags));
}

long csys_mount_setattr(int dirfd, const char *path, unsigned flags, uint64_t set, uint64_t clear, uint64_t propagation,
                        uint64_t userns_fd) {
    struct mount_attr attributes = {
        .attr_set = set, .attr_clr = clear, .propagation = propagation, .userns_fd = userns_fd};
    CSYS_RETURN(syscall(SYS_mount_setattr, dirfd, path, flags, &attributes, sizeof attributes));
}

long csys_landlock_abi(void) {
    CSYS_RETURN(syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* LANDLOCK_CREATE_RULESET_VERSION */));
}

long csys_landlock_create(const struct csys_landlock_ruleset *ruleset, size_t size) {
    CSYS_RETURN(syscall(SYS_landlock_create_ruleset, ruleset, size, 0));
}

long csys_landlock_allow_beneath(int ruleset, int parent, uint64_t access) {
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = parent};
    CSYS_RETURN(syscall(SYS_landlock_add_rule, ruleset, 1 /* LANDLOCK_RULE_PATH_BENEATH */, &rule, 0));
}
