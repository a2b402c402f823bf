// One function for each Linux system call that glibc does not export or that Swift cannot call (`syscall` is variadic).
// Each returns the kernel's own convention: the result, or the negated errno, saved before anything else can run.
#ifndef CSYSTEMSUPPORT_H
#define CSYSTEMSUPPORT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "CSystemAttributes.h"
#include "CSystemSHA256.h"

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

/// memfd_create(2) with close-on-exec and sealing allowed; `executable` where the kernel asks for it to be said.
long csys_memfd_create(const char *name, int executable);
/// Forbids every later change of a memfd: its content, its size, its seals.
long csys_memfd_seal(int fd);
/// PR_SET_NAME of the calling thread, cut to 15 bytes.
void csys_set_thread_name(const char *name);
/// pidfd_getfd(2).
long csys_pidfd_getfd(int pidfd, int fd);
/// unshare(2) for the calling thread.
long csys_unshare(int flags);
/// unshare(2) of the mount namespace and of root and working directory, for the calling thread.
long csys_unshare_mounts(void);
/// unshare(2) of the network namespace, for the calling thread.
long csys_unshare_network(void);
/// mount(2) of "/" as MS_REC|MS_PRIVATE: what is mounted in this namespace is not seen in another.
long csys_make_mounts_private(void);
/// pivot_root(".", ".") and the old root gone: the working directory becomes the root.
long csys_pivot_here(void);
/// epoll: `events` and `interest` are masks of CSYS_EPOLL_*, `token` comes back with each event.
struct csys_event {
    uint64_t token;
    uint32_t events;
};
enum { CSYS_EPOLLIN = 0x001, CSYS_EPOLLPRI = 0x002, CSYS_EPOLLERR = 0x008, CSYS_EPOLLHUP = 0x010 };
long csys_epoll_create(void);
long csys_epoll_add(int epoll, int fd, uint32_t interest, uint64_t token);
long csys_epoll_remove(int epoll, int fd);
/// `timeout_ns` below 0 waits without bound. At most `capacity` (up to 64) events; their number.
long csys_epoll_wait(int epoll, struct csys_event *events, int capacity, int64_t timeout_ns);
/// eventfd(2), non-blocking, close-on-exec.
long csys_eventfd(void);

/// pipe2(2).
long csys_pipe2(int ends[2], int flags);

/// fallocate(2) with FALLOC_FL_KEEP_SIZE: blocks of the file system behind the end of a file.
long csys_fallocate_beyond(int fd, int64_t offset, int64_t length);
/// Gives the whole blocks behind `offset` back, FALLOC_FL_PUNCH_HOLE.
long csys_release_beyond(int fd, int64_t offset);

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

/// MOUNT_ATTR_* of fsmount(2) and mount_setattr(2); the *_TREE flags are open_tree(2)'s, AT_* the *at calls'.
enum {
    CSYS_MOUNT_READ_ONLY = 0x01,
    CSYS_MOUNT_NOSUID = 0x02,
    CSYS_MOUNT_NODEV = 0x04,
    CSYS_MOUNT_NOEXEC = 0x08,
    CSYS_MOUNT_NOSYMFOLLOW = 0x200000,
    CSYS_MOUNT_IDMAP = 0x100000,
    CSYS_MOUNT_PRIVATE = 1 << 18,
    CSYS_AT_EMPTY_PATH = 0x1000,
    CSYS_AT_RECURSIVE = 0x8000,
    CSYS_MOVE_FROM_EMPTY_PATH = 4,
    CSYS_TREE_CLONE = 1,
    CSYS_TREE_CLOEXEC = 02000000
};

/// fsopen(2), fsconfig(2), fsmount(2), open_tree(2), move_mount(2), mount_setattr(2).
long csys_fsopen(const char *name, unsigned flags);
long csys_fsconfig_string(int fd, const char *key, const char *value);
long csys_fsconfig_flag(int fd, const char *key);
long csys_fsconfig_create(int fd);
long csys_fsmount(int fd, unsigned flags, unsigned attributes);
long csys_open_tree(int dirfd, const char *path, unsigned flags);
long csys_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags);
long csys_mount_setattr(int dirfd, const char *path, unsigned flags, uint64_t set, uint64_t clear, uint64_t propagation,
                        uint64_t userns_fd);

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
