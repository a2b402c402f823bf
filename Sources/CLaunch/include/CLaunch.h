// What runs between clone3(2) and the program: the child that builds its sandbox, and the sandbox's pid 1.
//
// The parent prepares everything into one flat `claunch_plan`; the child only makes system calls. It shares the
// parent's memory until it executes pid 1 (CLONE_VM|CLONE_VFORK), so no page table is copied however large the parent
// is, and a failure comes back through that same memory: which step, which item of it, which errno.
#ifndef CLAUNCH_H
#define CLAUNCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// The steps of a launch, in the order in which they are taken. `claunch_step_name` gives the word for people.
enum claunch_step {
    CLAUNCH_NONE = 0,
    CLAUNCH_TEMPLATE,           ///< setns(2) of the launching thread into the mount namespace to be copied
    CLAUNCH_CLONE,              ///< clone3(2) into the cgroup
    CLAUNCH_SESSION,            ///< setsid(2)
    CLAUNCH_NETWORK_NS,         ///< setns(2) into a network namespace that was made ahead
    CLAUNCH_CGROUP_NS,          ///< unshare(CLONE_NEWCGROUP), once the child is in its leaf
    CLAUNCH_HOSTNAME,           ///< sethostname(2)
    CLAUNCH_LOOPBACK,           ///< `lo` up in the new network namespace
    CLAUNCH_MOUNT,              ///< move_mount(2); the index is the mount's
    CLAUNCH_PROC,               ///< a /proc of the new pid namespace
    CLAUNCH_OOM_SCORE,          ///< 0 to /proc/self/oom_score_adj, where there is a /proc
    CLAUNCH_WORKING_DIRECTORY,  ///< chdir(2)
    CLAUNCH_DESCRIPTOR,         ///< descriptors 0-5 in place, all others closed; the index is the descriptor's
    CLAUNCH_RLIMIT,             ///< prlimit64(2); the index is the limit's
    CLAUNCH_GROUPS,             ///< setgroups(2) to none
    CLAUNCH_GID,                ///< setresgid(2): before the user, or it would be refused
    CLAUNCH_UID,                ///< setresuid(2)
    CLAUNCH_CAPABILITIES,       ///< capset(2) to none
    CLAUNCH_NO_NEW_PRIVS,       ///< PR_SET_NO_NEW_PRIVS
    CLAUNCH_PARENT_DEATH,       ///< PR_SET_PDEATHSIG: the sandbox dies with its supervisor
    CLAUNCH_LANDLOCK,           ///< landlock_restrict_self(2)
    CLAUNCH_FILTER,             ///< seccomp(2)
    CLAUNCH_INIT,               ///< execveat(2) of pid 1
    CLAUNCH_EXEC,               ///< fork and execve(2) of the program, in pid 1
    CLAUNCH_STEP_COUNT
};

/// The step as a word in reports: `mount`, `exec`. Unknown numbers give "unknown".
const char *claunch_step_name(int step);

/// A detached mount (of fsmount(2) or open_tree(2)) and where it goes in the new root.
struct claunch_mount {
    int tree_fd;
    const char *target;
};

/// One setrlimit(2): the resource and its value, soft and hard alike.
struct claunch_rlimit {
    int resource;
    uint64_t value;
};

/// One instruction as the kernel takes it (struct sock_filter).
struct claunch_instruction {
    uint16_t code;
    uint8_t jump_true;
    uint8_t jump_false;
    uint32_t k;
};

/// A sandboxed process, all prepared. Pointers and descriptors are borrowed until `claunch_launch` returns.
struct claunch_plan {
    int cgroup_fd;         ///< directory of the leaf to be born in; -1 for none
    int template_ns_fd;    ///< mount namespace whose copy is the root; the launching thread enters it
    uint64_t template_id;  ///< not 0, another for every template: a thread that is in it already stays
    uint64_t namespaces;   ///< CLONE_NEW* besides the cgroup namespace
    int network_ns_fd;     ///< made ahead, instead of CLONE_NEWNET; -1 for none
    int stdio_fds[3];      ///< become 0, 1, 2
    int status_fd;         ///< write end of the pipe that `claunch_status` records arrive on
    int init_fd;           ///< pid 1, see `claunch_init_image`
    int landlock_fd;       ///< ruleset; -1 for none
    const struct claunch_mount *mounts;
    size_t mount_count;
    int proc;              ///< mount /proc
    int loopback;          ///< bring `lo` up
    const char *hostname;  ///< NULL: unchanged
    const char *working_directory;
    const struct claunch_rlimit *rlimits;
    size_t rlimit_count;
    uid_t uid;
    gid_t gid;
    const struct claunch_instruction *filter;  ///< NULL: none
    uint16_t filter_length;                    ///< instructions
    int filter_listener;  ///< the filter notifies: its listener stays descriptor 5 of pid 1 for pidfd_getfd(2)
    char *const *argv;    ///< argv[0] is the program's path in the sandbox
    char *const *envp;
    int fault_step;   ///< tests: fail here instead of doing the step …
    int fault_error;  ///< … with this errno
};

/// Where a launch failed. `step` CLAUNCH_NONE: it did not.
struct claunch_failure {
    int step;
    int index;
    int error;
};

/// The descriptor numbers that pid 1 begins with, besides 0-2.
enum { CLAUNCH_STATUS_FD = 3, CLAUNCH_INIT_FD = 4, CLAUNCH_SPARE_FD = 5 };

/// A launching thread's own state. Made, used and freed on that one thread.
struct claunch_thread;
/// Gives the thread a root and a working directory of its own and a stack for its children, and empties its bounding
/// set. NULL with errno in
/// `*error`.
struct claunch_thread *claunch_thread_create(int *error);
void claunch_thread_destroy(struct claunch_thread *thread);

/// Launches the plan. 0: `*pidfd` is the new pid 1 (owned by the caller, a child to be waited for) and `*pid` its
/// number. -1: `*failure` says where it failed; nothing is left behind. A success means that pid 1 runs; what becomes
/// of the program itself comes as status records.
int claunch_launch(struct claunch_thread *thread, const struct claunch_plan *plan, int *pidfd, pid_t *pid,
                   struct claunch_failure *failure);

/// What pid 1 writes to the status pipe, one record at a time.
enum claunch_status_kind {
    CLAUNCH_STATUS_STARTED = 1,  ///< the program was executed; `time_ns` CLOCK_MONOTONIC
    CLAUNCH_STATUS_FAILED = 2,   ///< it was not: `error` is execve's or fork's errno
    CLAUNCH_STATUS_EXITED = 3    ///< it ended: `wait_status` as of wait(2), and `helpers_killed`
};
struct claunch_status {
    uint32_t kind;
    int32_t error;
    int32_t wait_status;
    /// Other processes that pid 1 waited for and that a signal had ended: one that is no request to end, and none of
    /// ours. A process whose own parent waits for it is that parent's to know.
    uint32_t helpers_killed;
    uint64_t time_ns;
};

/// Writes pid 1's program, a static ELF image of one page or two, to `buffer`. Its size; 0 where `capacity` is too
/// small.
size_t claunch_init_image(void *buffer, size_t capacity);

/// A child that does nothing but wait until `release_fd` (read end of a pipe) gives a byte or its end; for a user
/// namespace to be mapped or a birth in a cgroup to be seen. `flags` are clone3's, `cgroup_fd` as in the plan. 0, or
/// -errno.
int claunch_hold(struct claunch_thread *thread, uint64_t flags, int cgroup_fd, int release_fd, int *pidfd, pid_t *pid);

#endif
