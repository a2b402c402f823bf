// Another view of the system: mounts, roots, namespaces.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

// The numbers are the same on all architectures: <asm-generic/unistd.h>.
enum {
    number_open_tree = 428,
    number_move_mount = 429,
    number_fsopen = 430,
    number_fspick = 433,
    number_clone3 = 435,
    number_mount_setattr = 442,
};

static int mount_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    try_result(&tries, "tmpfs", mount("none", "/tmp", "tmpfs", 0, NULL));
    try_result(&tries, "bind", mount("/", "/tmp", NULL, MS_BIND | MS_REC, NULL));
    try_result(&tries, "remount", mount(NULL, "/usr", NULL, MS_REMOUNT | MS_BIND, NULL));
    try_result(&tries, "umount", umount2("/src", MNT_DETACH));
    try_result(&tries, "open_tree", syscall(number_open_tree, AT_FDCWD, "/", 1));
    try_result(&tries, "move_mount", syscall(number_move_mount, AT_FDCWD, "/tmp", AT_FDCWD, "/out", 0));
    try_result(&tries, "fsopen", syscall(number_fsopen, "tmpfs", 0));
    try_result(&tries, "fspick", syscall(number_fspick, AT_FDCWD, "/", 0));
    struct {
        uint64_t set, clear, propagation, user_namespace;
    } attributes = {.clear = 1};  // MOUNT_ATTR_RDONLY
    try_result(&tries, "mount_setattr",
               syscall(number_mount_setattr, AT_FDCWD, "/usr", 0, &attributes, sizeof attributes));
    return tries_end(&tries);
}

static int directory_control(char **args) {
    (void)args;
    if (mkdir("/tmp/place", 0700) < 0) return denied("mkdir");
    return control_result("chdir", chdir("/tmp/place"));
}

static int pivot_attack(char **args) {
    (void)args;
    mkdir("/tmp/root", 0700);
    struct tries tries = {0};
    try_result(&tries, "pivot_root", syscall(SYS_pivot_root, "/tmp", "/tmp/root"));
    try_result(&tries, "pivot_here", syscall(SYS_pivot_root, ".", "."));
    try_result(&tries, "chroot", chroot("/tmp"));
    return tries_end(&tries);
}

// With the descriptor where there is one, and without: the filter answers before the kernel looks.
static void enter(struct tries *tries, const char *process, const char *name, int type) {
    char path[64], what[64];
    snprintf(path, sizeof path, "/proc/%s/ns/%s", process, name);
    snprintf(what, sizeof what, "%s-%s", process, name);
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        try_result(tries, what, -1);
        return;
    }
    try_result(tries, what, setns(fd, type));
    close(fd);
}

static int setns_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    enter(&tries, "self", "mnt", CLONE_NEWNS);
    enter(&tries, "self", "pid", CLONE_NEWPID);
    enter(&tries, "self", "user", CLONE_NEWUSER);
    enter(&tries, "1", "net", CLONE_NEWNET);
    // A pid descriptor instead of a file, from Linux 5.8.
    long one = syscall(SYS_pidfd_open, 1, 0);
    try_result(&tries, "pidfd", setns((int)one, CLONE_NEWNS));
    return tries_end(&tries);
}

static int unshare_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    try_result(&tries, "user", unshare(CLONE_NEWUSER));
    try_result(&tries, "user-mnt", unshare(CLONE_NEWUSER | CLONE_NEWNS));
    try_result(&tries, "mnt", unshare(CLONE_NEWNS));
    try_result(&tries, "net", unshare(CLONE_NEWNET));
    return tries_end(&tries);
}

static void clone_with(struct tries *tries, const char *what, unsigned long flags) {
    long child = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    try_result(tries, what, child);
    if (child > 0) wait_for((int)child);
}

static int clone_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    clone_with(&tries, "clone-user", CLONE_NEWUSER);
    clone_with(&tries, "clone-mnt", CLONE_NEWNS);
    clone_with(&tries, "clone-user-net", CLONE_NEWUSER | CLONE_NEWNET);
    // Its flags lie in memory, where no filter can look.
    struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    long child = syscall(number_clone3, &arguments, sizeof arguments);
    if (child == 0) _exit(0);
    try_result(&tries, "clone3-user", child);
    return tries_end(&tries);
}

static int clone_control(char **args) {
    (void)args;
    long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    if (child < 0) return denied("clone");
    return control_result("clone", wait_for((int)child) == 0 ? 0 : -1);
}

// Any file of a mounted file system by its number, past every directory: what left Docker in 2014 ("shocker").
static int handle_attack(char **args) {
    (void)args;
    struct {
        struct file_handle head;
        unsigned char bytes[8];
    } handle = {.head = {.handle_bytes = 8, .handle_type = 1}, .bytes = {2}};
    int mount_id;
    struct tries tries = {0};
    int root = open("/", O_RDONLY | O_DIRECTORY);
    try_result(&tries, "open", open_by_handle_at(root, &handle.head, O_RDONLY));
    try_result(&tries, "name", name_to_handle_at(AT_FDCWD, "/", &handle.head, &mount_id, 0));
    return tries_end(&tries);
}

const struct probe_case namespace_cases[] = {
    {"mount", mount_attack, directory_control, NULL},
    {"pivot-root", pivot_attack, directory_control, NULL},
    {"setns", setns_attack, clone_control, NULL},
    {"unshare-user", unshare_attack, clone_control, NULL},
    {"clone-user", clone_attack, clone_control, NULL},
    {"open-by-handle", handle_attack, directory_control, NULL},
    {NULL, NULL, NULL, NULL},
};
