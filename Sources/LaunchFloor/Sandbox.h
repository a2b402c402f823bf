#ifndef LAUNCH_FLOOR_SANDBOX_H
#define LAUNCH_FLOOR_SANDBOX_H

#include "Clone.h"

#include <linux/filter.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdbool.h>

#define FIVE_NAMESPACES (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)

/// How the child comes by its read-only root.
enum root_method {
    /// The launching thread lives in a mount namespace that holds one read-only tmpfs and nothing else, so
    /// CLONE_NEWNS copies one mount. Nothing is mounted, pivoted or unmounted for a launch.
    ROOT_TEMPLATE,
    /// CLONE_NEWNS copies all the host's mounts; the child binds the root, pivots into it and detaches the host's.
    ROOT_PIVOT,
};

/// The moments of one launch, in order. The child shares our memory and writes its own.
enum moment {
    MOMENT_START,
    MOMENT_CGROUP_MADE,
    MOMENT_CGROUP_OPEN,
    MOMENT_BORN,
    MOMENT_ROOTED,
    MOMENT_FILTERED,
    MOMENT_EXECED,
    MOMENT_REAPED,
    MOMENT_REMOVED,
    MOMENT_COUNT,
};

extern const char *const moment_names[MOMENT_COUNT];

/// What all launches share: set up once, then only read.
struct sandbox {
    enum root_method method;
    struct sock_fprog filter;
    char cgroup_path[4096];
    int cgroup;       ///< our own directory, below which every launch makes one
    int host_mounts;  ///< mount namespaces, for setns(2)
    int template_mounts;
    char directory[32];  ///< on the host, with the program: the root for ROOT_PIVOT
};

/// One thread's launches.
struct launcher {
    const struct sandbox *sandbox;
    void *stack;
    char cgroup_name[64];
    uint64_t number;
    uint64_t moments[MOMENT_COUNT];
    const char *failed_step;  ///< set by the child; NULL when it went well
    int failure;              ///< its errno
};

/// Set by SIGINT and SIGTERM: launches then fail, so that everything is taken down on the way out.
extern volatile sig_atomic_t sandbox_interrupted;

/// Makes a fresh cgroup directory below `cgroup_parent` and the template mount namespace. Call with one thread only.
/// Prints the reason and returns -1 on failure.
int sandbox_open(struct sandbox *sandbox, const char *cgroup_parent);
void sandbox_close(struct sandbox *sandbox);

/// Puts the calling thread into the template (its root and working directory become its own).
int launcher_open(struct launcher *launcher, const struct sandbox *sandbox, unsigned thread);
void launcher_close(struct launcher *launcher);

/// One launch from a fresh cgroup to its removal. Prints the reason and returns -1 on failure.
int launcher_run(struct launcher *launcher);

/// Launches once and looks at the child from outside and from inside: that it was born in its cgroup, pid 1, in five
/// new namespaces, under a filter, on a read-only root with none of the host's mounts. -1 and a reason if not so.
int sandbox_check(const struct sandbox *sandbox);

#endif
