#define _GNU_SOURCE
#include "Sandbox.h"
#include "Filter.h"
#include "Samples.h"
#include "StaticProgram.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

const char *const moment_names[MOMENT_COUNT] = {
    [MOMENT_START] = "start",
    [MOMENT_CGROUP_MADE] = "cgroup: mkdir",
    [MOMENT_CGROUP_OPEN] = "cgroup: open (O_PATH)",
    [MOMENT_BORN] = "clone3 until the child runs",
    [MOMENT_ROOTED] = "root",
    [MOMENT_FILTERED] = "no_new_privs and filter",
    [MOMENT_EXECED] = "execve until the parent runs",
    [MOMENT_REAPED] = "exit, namespaces gone, waitid",
    [MOMENT_REMOVED] = "cgroup: close and rmdir",
};

volatile sig_atomic_t sandbox_interrupted;

static int complain(const char *step) {
    fprintf(stderr, "launch-floor: %s: %s\n", step, strerror(errno));
    return -1;
}

static void close_if_open(int *descriptor) {
    if (*descriptor >= 0) close(*descriptor);
    *descriptor = -1;
}

static int write_program(int directory) {
    int program = openat(directory, "true", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0555);
    if (program < 0) return complain("creating the program");
    int result = fchmod(program, 0555) < 0 || static_program_write(program) < 0 ? complain("writing the program") : 0;
    close(program);
    return result;
}

/// In a mount namespace of its own: a tmpfs with the program, made read-only, becomes the only mount.
static int build_template(void) {
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return complain("making mounts private");
    if (mount("floor", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,nr_inodes=8,mode=755") < 0)
        return complain("mounting the root");
    // From here on "." is the tmpfs, so no path can lead elsewhere.
    if (chdir("/tmp") < 0) return complain("entering the root");
    if (write_program(AT_FDCWD) < 0) return -1;
    if (mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0)
        return complain("making the root read-only");
    if (syscall(SYS_pivot_root, ".", ".") < 0) return complain("pivot_root");
    if (umount2(".", MNT_DETACH) < 0) return complain("detaching the host's mounts");
    return 0;
}

static int enter_template(struct sandbox *sandbox) {
    sandbox->host_mounts = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (sandbox->host_mounts < 0) return complain("/proc/self/ns/mnt");
    int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (self < 0) return complain("/proc/self");
    int result = unshare(CLONE_NEWNS) < 0 ? complain("unshare") : build_template();
    sandbox->template_mounts = openat(self, "ns/mnt", O_RDONLY | O_CLOEXEC);
    if (sandbox->template_mounts < 0) result = complain("ns/mnt");
    close(self);
    if (setns(sandbox->host_mounts, CLONE_NEWNS) < 0) result = complain("setns back to the host");
    return result;
}

int sandbox_open(struct sandbox *sandbox, const char *cgroup_parent) {
    sandbox->cgroup = sandbox->host_mounts = sandbox->template_mounts = -1;
    strcpy(sandbox->directory, "/tmp/launch-floor.XXXXXX");
    int length =
        snprintf(sandbox->cgroup_path, sizeof sandbox->cgroup_path, "%s/launch-floor.%d", cgroup_parent, getpid());
    if (length >= (int)sizeof sandbox->cgroup_path) {
        errno = ENAMETOOLONG;
        return complain(cgroup_parent);
    }
    if (mkdir(sandbox->cgroup_path, 0755) < 0) return complain(sandbox->cgroup_path);
    sandbox->cgroup = open(sandbox->cgroup_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (sandbox->cgroup < 0) return complain(sandbox->cgroup_path);
    if (mkdtemp(sandbox->directory) == NULL) return complain(sandbox->directory);
    int directory = open(sandbox->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return complain(sandbox->directory);
    int result = write_program(directory);
    close(directory);
    return result < 0 ? -1 : enter_template(sandbox);
}

void sandbox_close(struct sandbox *sandbox) {
    char program[sizeof sandbox->directory + 8];
    snprintf(program, sizeof program, "%s/true", sandbox->directory);
    unlink(program);
    rmdir(sandbox->directory);
    close_if_open(&sandbox->template_mounts);
    close_if_open(&sandbox->host_mounts);
    if (sandbox->cgroup >= 0 && rmdir(sandbox->cgroup_path) < 0) complain(sandbox->cgroup_path);
    close_if_open(&sandbox->cgroup);
}

int launcher_open(struct launcher *launcher, const struct sandbox *sandbox, unsigned thread) {
    *launcher = (struct launcher){.sandbox = sandbox, .number = (uint64_t)thread << 40};
    launcher->stack = mmap(NULL, CHILD_STACK_BYTES, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_POPULATE, -1, 0);
    if (launcher->stack == MAP_FAILED) {
        launcher->stack = NULL;
        return complain("mapping the child's stack");
    }
    // setns(CLONE_NEWNS) refuses a thread that shares its root and working directory.
    if (unshare(CLONE_FS) < 0) return complain("unshare(CLONE_FS)");
    if (sandbox->method == ROOT_TEMPLATE && setns(sandbox->template_mounts, CLONE_NEWNS) < 0)
        return complain("setns into the template");
    return 0;
}

void launcher_close(struct launcher *launcher) {
    if (launcher->stack) munmap(launcher->stack, CHILD_STACK_BYTES);
    launcher->stack = NULL;
    if (setns(launcher->sandbox->host_mounts, CLONE_NEWNS) < 0) complain("setns back to the host");
}

static _Noreturn void child_fail(struct launcher *launcher, const char *step) {
    launcher->failure = errno;
    launcher->failed_step = step;
    child_exit(127);
}

static void child_take_root(struct launcher *launcher) {
    if (launcher->sandbox->method == ROOT_TEMPLATE) return;
    const char *directory = launcher->sandbox->directory;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) child_fail(launcher, "making mounts private");
    if (mount(directory, directory, NULL, MS_BIND, NULL) < 0) child_fail(launcher, "binding the root");
    if (mount(NULL, directory, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0)
        child_fail(launcher, "making the root read-only");
    if (chdir(directory) < 0 || syscall(SYS_pivot_root, ".", ".") < 0) child_fail(launcher, "pivot_root");
    if (umount2(".", MNT_DETACH) < 0) child_fail(launcher, "detaching the host's mounts");
}

/// After clone3: system calls only.
static void child_main(void *argument) {
    struct launcher *launcher = argument;
    launcher->moments[MOMENT_BORN] = monotonic_now();
    child_take_root(launcher);
    launcher->moments[MOMENT_ROOTED] = monotonic_now();
    if (filter_install(&launcher->sandbox->filter) < 0) child_fail(launcher, "seccomp");
    launcher->moments[MOMENT_FILTERED] = monotonic_now();
    char *const arguments[] = {(char[]){"true"}, NULL}, *const environment[] = {NULL};
    execve("/true", arguments, environment);
    child_fail(launcher, "execve");
}

static int make_cgroup(struct launcher *launcher) {
    snprintf(launcher->cgroup_name, sizeof launcher->cgroup_name, "%llx", (unsigned long long)launcher->number++);
    if (mkdirat(launcher->sandbox->cgroup, launcher->cgroup_name, 0755) < 0) return complain("mkdir of the cgroup");
    launcher->moments[MOMENT_CGROUP_MADE] = monotonic_now();
    int cgroup = openat(launcher->sandbox->cgroup, launcher->cgroup_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (cgroup < 0) complain("open of the cgroup");
    launcher->moments[MOMENT_CGROUP_OPEN] = monotonic_now();
    return cgroup;
}

/// Newer kernels unlink a task from its cgroup a little after it was reaped: then EBUSY, and cgroup.events tells the
/// end.
static int remove_cgroup(struct launcher *launcher) {
    for (int attempt = 0; attempt < 100; attempt++) {
        if (unlinkat(launcher->sandbox->cgroup, launcher->cgroup_name, AT_REMOVEDIR) == 0) return 0;
        if (errno != EBUSY) break;
        char events[96];
        snprintf(events, sizeof events, "%s/cgroup.events", launcher->cgroup_name);
        struct pollfd change = {.fd = openat(launcher->sandbox->cgroup, events, O_RDONLY | O_CLOEXEC),
                                .events = POLLPRI};
        poll(&change, 1, 10);
        if (change.fd >= 0) close(change.fd);
        errno = EBUSY;
    }
    return complain("rmdir of the cgroup");
}

int launcher_run(struct launcher *launcher) {
    if (sandbox_interrupted) {
        errno = EINTR;
        return complain("stopped");
    }
    launcher->failed_step = NULL;
    launcher->moments[MOMENT_START] = monotonic_now();
    int cgroup = make_cgroup(launcher);
    if (cgroup < 0) return -1;
    struct clone_request request = {
        .flags = FIVE_NAMESPACES | CLONE_VFORK,
        .cgroup = cgroup,
        .stack = launcher->stack,
        .entry = child_main,
        .argument = launcher,
    };
    int pid_descriptor = -1, code = 0, status = 0, result = 0;
    if (clone_child(&request, &pid_descriptor) < 0) {
        result = complain("clone3");
    } else {
        launcher->moments[MOMENT_EXECED] = monotonic_now();
        if (wait_child(pid_descriptor, &code, &status) < 0) result = complain("waitid");
        launcher->moments[MOMENT_REAPED] = monotonic_now();
        close(pid_descriptor);
        if (launcher->failed_step) {
            errno = launcher->failure;
            result = complain(launcher->failed_step);
        } else if (result == 0 && (code != CLD_EXITED || status != 0)) {
            fprintf(stderr, "launch-floor: the program ended with code %d, status %d\n", code, status);
            result = -1;
        }
    }
    close(cgroup);
    if (remove_cgroup(launcher) < 0) result = -1;
    launcher->moments[MOMENT_REMOVED] = monotonic_now();
    return result;
}

/// What the child of sandbox_check saw; it shares our memory.
struct sight {
    struct launcher *launcher;
    int ready[2];  ///< the child writes when it has looked, and spins until it is killed
    bool is_first, is_read_only, sees_host;
    char word;
};

static void child_look(void *argument) {
    struct sight *sight = argument;
    child_take_root(sight->launcher);
    // No libc wrapper here may take a lock or cache: raw calls.
    sight->is_first = syscall(SYS_getpid) == 1;
    sight->is_read_only = syscall(SYS_mkdirat, AT_FDCWD, "/new", 0700) < 0 && errno == EROFS;
    sight->sees_host = syscall(SYS_faccessat, AT_FDCWD, "/proc", 0) == 0 ||
                       syscall(SYS_faccessat, AT_FDCWD, "/etc", 0) == 0 ||
                       syscall(SYS_faccessat, AT_FDCWD, "/../etc", 0) == 0;
    if (filter_install(&sight->launcher->sandbox->filter) < 0) child_fail(sight->launcher, "seccomp");
    sight->word = '!';
    syscall(SYS_write, sight->ready[1], &sight->word, 1);
    // The parent's kill ends this: the filter may not allow any other wait.
    for (;;) __asm__ volatile("" ::: "memory");
}

static int refuse(const char *reason) {
    fprintf(stderr, "launch-floor: not an honest sandbox: %s\n", reason);
    return -1;
}

/// The file's first bytes, as text.
static const char *read_text(char *text, size_t size, const char *format, pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, format, (int)pid);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = descriptor < 0 ? 0 : read(descriptor, text, size - 1);
    if (descriptor >= 0) close(descriptor);
    text[count > 0 ? count : 0] = 0;
    return text;
}

static bool has_own(const char *kind, pid_t pid) {
    char path[64];
    struct stat ours, theirs;
    snprintf(path, sizeof path, "/proc/self/ns/%s", kind);
    if (stat(path, &ours) < 0) return false;
    snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, kind);
    return stat(path, &theirs) == 0 && ours.st_ino != theirs.st_ino;
}

static int look_from_outside(const struct sight *sight, pid_t pid) {
    char text[8192], expected[128];
    for (const char *const *kind = (const char *const[]){"pid", "mnt", "net", "ipc", "uts", NULL}; *kind; kind++)
        if (!has_own(*kind, pid)) return refuse(*kind);
    snprintf(expected, sizeof expected, "/launch-floor.%d/%s\n", getpid(), sight->launcher->cgroup_name);
    if (!strstr(read_text(text, sizeof text, "/proc/%d/cgroup", pid), expected)) return refuse("not in its cgroup");
    const char *end = strchr(read_text(text, sizeof text, "/proc/%d/mountinfo", pid), '\n');
    if (end == NULL || end[1] != 0) return refuse("not exactly one mount");
    if (!strstr(read_text(text, sizeof text, "/proc/%d/status", pid), "\nSeccomp:\t2\n")) return refuse("no filter");
    if (!strstr(text, "\nNoNewPrivs:\t1\n")) return refuse("no_new_privs is not set");
    if (!sight->is_first) return refuse("not pid 1");
    if (!sight->is_read_only) return refuse("the root can be written");
    if (sight->sees_host) return refuse("the host's files can be reached");
    return 0;
}

static void *check_thread(void *argument) {
    static struct launcher launcher;
    struct sight sight = {.launcher = &launcher, .ready = {-1, -1}};
    int pid_descriptor = -1, code, status, result = -1;
    pid_t pid = -1;
    if (launcher_open(&launcher, argument, 0) < 0) return (void *)-1;
    int cgroup = make_cgroup(&launcher);
    if (cgroup >= 0 && pipe2(sight.ready, O_CLOEXEC) == 0) {
        struct clone_request request = {FIVE_NAMESPACES, cgroup, launcher.stack, child_look, &sight};
        pid = clone_child(&request, &pid_descriptor);
        if (pid < 0) complain("clone3");
    }
    if (pid > 0) {
        char word = 0;
        struct pollfd seen = {.fd = sight.ready[0], .events = POLLIN};
        if (poll(&seen, 1, 2000) == 1 && read(sight.ready[0], &word, 1) == 1) {
            setns(launcher.sandbox->host_mounts, CLONE_NEWNS);
            result = look_from_outside(&sight, pid);
        } else if (launcher.failed_step) {
            errno = launcher.failure;
            complain(launcher.failed_step);
        }
        kill(pid, SIGKILL);
        wait_child(pid_descriptor, &code, &status);
    }
    close_if_open(&pid_descriptor);
    close_if_open(&cgroup);
    close_if_open(&sight.ready[0]);
    close_if_open(&sight.ready[1]);
    if (remove_cgroup(&launcher) < 0) result = -1;
    launcher_close(&launcher);
    return result == 0 ? NULL : (void *)-1;
}

int sandbox_check(const struct sandbox *sandbox) {
    pthread_t thread;
    void *result = NULL;
    errno = pthread_create(&thread, NULL, check_thread, (void *)(uintptr_t)sandbox);
    if (errno) return complain("starting a thread");
    pthread_join(thread, &result);
    return result == NULL ? 0 : -1;
}
