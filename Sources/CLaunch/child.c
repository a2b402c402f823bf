// System calls only: the child shares the parent's memory, and any lock or allocator may be held by another thread of
// it.
#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "syscalls.h"

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1U << 1)
#endif

// The kernel's struct sigaction, which is not the libc's.
struct kernel_sigaction {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

_Static_assert(sizeof(struct claunch_instruction) == 8, "claunch_instruction mirrors struct sock_filter");

__attribute__((noreturn)) static void fail(struct claunch_failure *failure, int step, int index, long error) {
    failure->step = step;
    failure->index = index;
    failure->error = (int)error;
    for (;;) raw1(SYS_exit_group, 125);
}

// Takes a step: on the fault that a test asked for, or on a negative result, the launch ends here.
#define STEP(step, index, call)                                                                 \
    do {                                                                                        \
        if (plan->fault_step == (step)) fail(failure, (step), (int)(index), plan->fault_error); \
        long step_result = (call);                                                              \
        if (step_result < 0) fail(failure, (step), (int)(index), -step_result);                 \
    } while (0)

static long reset_signals(void) {
    struct kernel_sigaction standard = {0};
    // An ignored signal stays ignored over exec, and we ignore SIGPIPE. SIGKILL and SIGSTOP answer EINVAL; real-time
    // signals are nobody's to ignore here.
    for (int signal = 1; signal < 32; signal++)
        raw4(SYS_rt_sigaction, signal, (long)&standard, 0, sizeof standard.mask);
    return 0;
}

// It is inherited, and a supervisor that the OOM killer spares must not spare its sandboxes: their memory limit would
// kill nobody. The child is a vfork child and has a score of its own although it shares our memory (__set_oom_adj,
// fs/proc/base.c).
static long reset_oom_score(void) {
    long fd = raw4(SYS_openat, AT_FDCWD, (long)"/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC, 0);
    if (fd < 0) return fd;
    long result = raw3(SYS_write, fd, (long)"0", 1);
    raw1(SYS_close, fd);
    // EACCES: the score is above 0, and lowering it takes CAP_SYS_RESOURCE, which containers withhold. Nothing is
    // spared.
    return result == -EACCES ? 0 : result;
}

static long bring_loopback_up(void) {
    long fd = raw3(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return fd;
    struct ifreq request = {.ifr_name = "lo"};
    request.ifr_flags = IFF_UP;
    long result = raw3(SYS_ioctl, fd, SIOCSIFFLAGS, (long)&request);
    raw1(SYS_close, fd);
    return result;
}

// Copies the descriptors out of the way first: any of them may stand on a number that is about to be given away.
static void place_descriptors(const struct claunch_plan *plan, struct claunch_failure *failure) {
    const int sources[6] = {plan->stdio_fds[0], plan->stdio_fds[1], plan->stdio_fds[2],
                            plan->status_fd,    plan->init_fd,      plan->landlock_fd};
    long copies[6];
    for (int i = 0; i < 6; i++) {
        copies[i] = -1;
        if (sources[i] < 0) continue;
        STEP(CLAUNCH_DESCRIPTOR, i, copies[i] = raw3(SYS_fcntl, sources[i], F_DUPFD_CLOEXEC, 6));
    }
    for (int i = 0; i < 6; i++) {
        if (copies[i] < 0) {
            raw1(SYS_close, i);
            continue;
        }
        // 4 and 5 end at the exec of pid 1; the status pipe is pid 1's to keep.
        STEP(CLAUNCH_DESCRIPTOR, i, raw3(SYS_dup3, copies[i], i, i >= CLAUNCH_INIT_FD ? O_CLOEXEC : 0));
    }
    STEP(CLAUNCH_DESCRIPTOR, 6, raw3(SYS_close_range, 6, ~0U, 0));
}

static void drop_privileges(const struct claunch_plan *plan, struct claunch_failure *failure) {
    STEP(CLAUNCH_GROUPS, 0, raw2(SYS_setgroups, 0, 0));
    STEP(CLAUNCH_GID, 0, raw3(SYS_setresgid, plan->gid, plan->gid, plan->gid));
    STEP(CLAUNCH_UID, 0, raw3(SYS_setresuid, plan->uid, plan->uid, plan->uid));
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct none[2] = {{0}};
    STEP(CLAUNCH_CAPABILITIES, 0, raw2(SYS_capset, (long)&header, (long)none));
    STEP(CLAUNCH_NO_NEW_PRIVS, 0, raw5(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

// After the credentials changed, which clears it. The parent may have died before: then nobody reads the status pipe.
static long die_with_parent(void) {
    long result = raw2(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    if (result < 0) return result;
    struct pollfd status = {.fd = CLAUNCH_STATUS_FD, .events = 0};
    struct timespec at_once = {0, 0};
    result = raw5(SYS_ppoll, (long)&status, 1, (long)&at_once, 0, 0);
    if (result < 0) return result;
    return status.revents & POLLERR ? -ESRCH : 0;
}

static long install_filter(const struct claunch_plan *plan) {
    struct {
        unsigned short length;
        const struct claunch_instruction *filter;
    } program = {plan->filter_length, plan->filter};
    long flags = plan->filter_listener ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
    long listener = raw3(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, (long)&program);
    if (listener < 0 || !plan->filter_listener) return listener;
    // Number 5 is free by now, and the lowest.
    return raw3(SYS_fcntl, listener, F_SETFD, 0);
}

void claunch_child_main(void *argument) {
    const struct claunch_child *child = argument;
    const struct claunch_plan *plan = child->plan;
    struct claunch_failure *failure = child->failure;

    STEP(CLAUNCH_SESSION, 0, raw0(SYS_setsid));
    reset_signals();
    if (plan->network_ns_fd >= 0) STEP(CLAUNCH_NETWORK_NS, 0, raw2(SYS_setns, plan->network_ns_fd, CLONE_NEWNET));
    // Not among clone3's flags: the namespace's root is the caller's cgroup, and only now that is the leaf.
    STEP(CLAUNCH_CGROUP_NS, 0, raw1(SYS_unshare, CLONE_NEWCGROUP));
    if (plan->hostname) {
        size_t length = 0;
        while (plan->hostname[length]) length++;
        STEP(CLAUNCH_HOSTNAME, 0, raw2(SYS_sethostname, (long)plan->hostname, (long)length));
    }
    if (plan->loopback) STEP(CLAUNCH_LOOPBACK, 0, bring_loopback_up());
    for (size_t i = 0; i < plan->mount_count; i++)
        STEP(CLAUNCH_MOUNT, i,
             raw5(SYS_move_mount, plan->mounts[i].tree_fd, (long)"", AT_FDCWD, (long)plan->mounts[i].target,
                  MOVE_MOUNT_F_EMPTY_PATH));
    if (plan->proc)
        STEP(CLAUNCH_PROC, 0,
             raw5(SYS_mount, (long)"proc", (long)"/proc", (long)"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                  (long)"subset=pid"));
    if (plan->proc) STEP(CLAUNCH_OOM_SCORE, 0, reset_oom_score());
    STEP(CLAUNCH_WORKING_DIRECTORY, 0, raw1(SYS_chdir, (long)plan->working_directory));
    place_descriptors(plan, failure);
    for (size_t i = 0; i < plan->rlimit_count; i++) {
        uint64_t limit[2] = {plan->rlimits[i].value, plan->rlimits[i].value};
        STEP(CLAUNCH_RLIMIT, i, raw4(SYS_prlimit64, 0, plan->rlimits[i].resource, (long)limit, 0));
    }
    drop_privileges(plan, failure);
    STEP(CLAUNCH_PARENT_DEATH, 0, die_with_parent());
    if (plan->landlock_fd >= 0) STEP(CLAUNCH_LANDLOCK, 0, raw2(SYS_landlock_restrict_self, CLAUNCH_SPARE_FD, 0));
    raw1(SYS_close, CLAUNCH_SPARE_FD);
    if (plan->filter) STEP(CLAUNCH_FILTER, 0, install_filter(plan));
    STEP(CLAUNCH_INIT, 0,
         raw5(SYS_execveat, CLAUNCH_INIT_FD, (long)"", (long)plan->argv, (long)plan->envp, AT_EMPTY_PATH));
    fail(failure, CLAUNCH_INIT, 0, EIO);
}
