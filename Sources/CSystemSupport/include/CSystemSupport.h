// One function for each Linux system call that glibc does not export or that Swift cannot call (`syscall` is variadic).
// Each returns the kernel's own convention: the result, or the negated errno, saved before anything else can run.
#ifndef CSYSTEMSUPPORT_H
#define CSYSTEMSUPPORT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "CSystemAttributes.h"

/// open(2) flags that glibc shows only to GNU sources, which Swift's own C module is not.
enum { CSYS_O_PATH = 010000000, CSYS_O_TMPFILE = 020200000 };

/// RESOLVE_* of openat2(2).
enum {
    CSYS_RESOLVE_NO_XDEV = 0x01,
    CSYS_RESOLVE_NO_MAGICLINKS = 0x02,
    CSYS_RESOLVE_NO_SYMLINKS = 0x04,
    CSYS_RESOLVE_BENEATH = 0x08,
    CSYS_RESOLVE_IN_ROOT = 0x10
};

/// pipe2(2).
long csys_pipe2(int ends[2], int flags);

/// openat2(2): `resolve` is a mask of RESOLVE_*.
long csys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);

/// pidfd_open(2).
long csys_pidfd_open(pid_t pid, unsigned flags);

/// pidfd_send_signal(2), without siginfo.
long csys_pidfd_send_signal(int pidfd, int signal);

/// What waitid(2) on a pidfd told: `code` is CLD_*, `status` its exit code or signal.
struct csys_wait_result {
    pid_t pid;
    int code;
    int status;
    int64_t user_us;
    int64_t system_us;
    /// Largest resident set of any one process among it and the children it waited for.
    int64_t max_rss_bytes;
};

/// waitid(P_PIDFD) with rusage. With WNOHANG and nothing to tell, `pid` is 0.
long csys_waitid_pidfd(int pidfd, int options, struct csys_wait_result *result);

/// fsopen(2), fsconfig(2), fsmount(2), open_tree(2), move_mount(2), mount_setattr(2).
long csys_fsopen(const char *name, unsigned flags);
long csys_fsconfig_string(int fd, const char *key, const char *value);
long csys_fsconfig_flag(int fd, const char *key);
long csys_fsconfig_create(int fd);
long csys_fsmount(int fd, unsigned flags, unsigned attributes);
long csys_open_tree(int dirfd, const char *path, unsigned flags);
long csys_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags);
long csys_mount_setattr(int dirfd, const char *path, unsigned flags, uint64_t set, uint64_t clear,
                                      uint64_t propagation, uint64_t userns_fd);

/// landlock_create_ruleset(2) with LANDLOCK_CREATE_RULESET_VERSION: the ABI, or -ENOSYS / -EOPNOTSUPP.
long csys_landlock_abi(void);
/// landlock_create_ruleset(2). The structure grew with the ABI; `size` is how much of it the kernel knows.
struct csys_landlock_ruleset {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};
long csys_landlock_create(const struct csys_landlock_ruleset *ruleset, size_t size);
long csys_landlock_allow_beneath(int ruleset, int parent, uint64_t access);

#endif
