#define _GNU_SOURCE
#include "Steps.h"
#include "Filter.h"
#include "Samples.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/// One kind of child: what it is born with, and what it does before it ends (or execs).
struct experiment {
    const char *name;
    uint64_t flags;
    int (*action)(const void *context);
    const void *context;
};

struct trial {
    const struct experiment *experiment;
    uint64_t born, done;
    int failure;
};

static void trial_child(void *argument) {
    struct trial *trial = argument;
    trial->born = monotonic_now();
    if (trial->experiment->action && trial->experiment->action(trial->experiment->context) < 0) trial->failure = errno;
    trial->done = monotonic_now();
    child_exit(0);
}

static void pause_for(unsigned microseconds) {
    if (microseconds) usleep(microseconds);
}

/// Prints: until the child runs | its action | from its last act until it is reaped | all.
static int run_experiment(const struct experiment *experiment, void *stack, size_t count, unsigned pause) {
    struct samples start = samples_make(count), action = samples_make(count), end = samples_make(count),
                   all = samples_make(count);
    const size_t warm_up = count / 10 + 1;
    for (size_t i = 0; i < count + warm_up && !sandbox_interrupted; i++) {
        struct trial trial = {.experiment = experiment};
        struct clone_request request = {experiment->flags | CLONE_VFORK, -1, stack, trial_child, &trial};
        int pid_descriptor, code, status;
        uint64_t begin = monotonic_now();
        if (clone_child(&request, &pid_descriptor) < 0) {
            printf("  %-46s clone3: %s\n", experiment->name, strerror(errno));
            break;
        }
        wait_child(pid_descriptor, &code, &status);
        uint64_t now = monotonic_now();
        close(pid_descriptor);
        if (trial.failure) {
            printf("  %-46s %s\n", experiment->name, strerror(trial.failure));
            break;
        }
        if (i >= warm_up) {
            samples_add(&start, trial.born - begin);
            samples_add(&action, trial.done - trial.born);
            samples_add(&end, now - trial.done);
            samples_add(&all, now - begin);
        }
        pause_for(pause);
    }
    if (all.count == count)
        printf("  %-46s %8.0f %8.0f %8.0f %8.0f\n", experiment->name, samples_percentile(&start, 50),
               samples_percentile(&action, 50), samples_percentile(&end, 50), samples_percentile(&all, 50));
    fflush(stdout);
    samples_free(&start), samples_free(&action), samples_free(&end), samples_free(&all);
    return 0;
}

static void heading(const char *title) { printf("\n%-48s %8s %8s %8s %8s\n", title, "start", "action", "end", "all"); }

// MARK: actions of a child

static int install_filter(const void *context) { return filter_install(context); }

/// A new tmpfs by the mount API, attached over /tmp of the child's own mount namespace.
static int mount_tmpfs(const void *context) {
    const char *target = context;
    int context_descriptor = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
    if (context_descriptor < 0) return -1;
    if (syscall(SYS_fsconfig, context_descriptor, FSCONFIG_SET_STRING, "size", "16m", 0) < 0) return -1;
    if (syscall(SYS_fsconfig, context_descriptor, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) return -1;
    int made = (int)syscall(SYS_fsmount, context_descriptor, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    if (made < 0) return -1;
    return (int)syscall(SYS_move_mount, made, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
}

static int mount_tmpfs_classic(const void *context) {
    return mount("floor", context, "tmpfs", MS_NOSUID | MS_NODEV, "size=16m");
}

static int mount_proc(const void *context) {
    return mount("proc", context, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static int mount_bind(const void *context) {
    if (mount(context, context, NULL, MS_BIND, NULL) < 0) return -1;
    return mount(NULL, context, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL);
}

static int mount_tree(const void *context) {
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, context, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0) return -1;
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0) return -1;
    return (int)syscall(SYS_move_mount, tree, "", AT_FDCWD, context, MOVE_MOUNT_F_EMPTY_PATH);
}

static int mount_and_unmount(const void *context) {
    return mount_tmpfs_classic(context) < 0 ? -1 : umount2(context, MNT_DETACH);
}

static int enter(const void *context) { return setns(*(const int *)context, CLONE_NEWNS); }

static int fork_once(const void *context) {
    (void)context;
    long child = syscall(SYS_clone, SIGCHLD | CLONE_VFORK, 0, 0, 0, 0);
    if (child == 0) child_exit(0);
    return child < 0 ? -1 : (int)syscall(SYS_wait4, child, NULL, 0, NULL);
}

static void exit_at_once(void *argument) {
    (void)argument;
    child_exit(0);
}

static void exec_program(void *argument) {
    char *const arguments[] = {argument, NULL}, *const environment[] = {NULL};
    execve(argument, arguments, environment);
    child_exit(127);
}

/// What a pid 1 does for its one child: start it in the memory it has, and reap it.
static int start_in_our_memory(void (*entry)(void *), void *argument) {
    static char stack[CHILD_STACK_BYTES] __attribute__((aligned(16)));
    struct clone_request request = {CLONE_VFORK, -1, stack, entry, argument};
    int pid_descriptor, code, status = 0;
    if (clone_child(&request, &pid_descriptor) < 0) return -1;
    if (wait_child(pid_descriptor, &code, &status) < 0) return -1;
    errno = ECHILD;
    return status == 0 ? 0 : -1;
}

static int vfork_once(const void *context) {
    (void)context;
    return start_in_our_memory(exit_at_once, NULL);
}

static int vfork_and_exec(const void *context) { return start_in_our_memory(exec_program, (void *)(uintptr_t)context); }

static int drop_identity(const void *context) {
    (void)context;
    if (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, 65534, 65534, 65534) < 0) return -1;
    return (int)syscall(SYS_setresuid, 65534, 65534, 65534);
}

// MARK: the tables

static void print_filters(void *stack, size_t count) {
    heading("A filter, before exec");
    static const unsigned lengths[] = {100, 300, 1000, 4000};
    struct sock_fprog small = filter_small();
    char name[64];
    snprintf(name, sizeof name, "filter of %u instructions", small.len);
    run_experiment(&(struct experiment){name, 0, install_filter, &small}, stack, count, 0);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct sock_fprog filter = filter_linear(lengths[i]);
        snprintf(name, sizeof name, "filter of %u instructions, one by one", filter.len);
        run_experiment(&(struct experiment){name, 0, install_filter, &filter}, stack, count, 0);
        free(filter.filter);
    }
}

static void print_births(void *stack, size_t count, unsigned pause) {
    static const struct experiment births[] = {
        {"no namespace", 0, NULL, NULL},
        {"pid", CLONE_NEWPID, NULL, NULL},
        {"mount", CLONE_NEWNS, NULL, NULL},
        {"net", CLONE_NEWNET, NULL, NULL},
        {"ipc", CLONE_NEWIPC, NULL, NULL},
        {"uts", CLONE_NEWUTS, NULL, NULL},
        {"cgroup", CLONE_NEWCGROUP, NULL, NULL},
        {"pid ipc uts", CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS, NULL, NULL},
        {"pid mount ipc uts", CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS, NULL, NULL},
        {"pid mount net ipc uts", FIVE_NAMESPACES, NULL, NULL},
        {"pid mount net ipc uts cgroup", FIVE_NAMESPACES | CLONE_NEWCGROUP, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof births / sizeof *births; i++) run_experiment(&births[i], stack, count, pause);
}

static void print_mounts(const struct sandbox *sandbox, void *stack, size_t count) {
    const char *target = sandbox->directory;
    char program[64];
    snprintf(program, sizeof program, "%s/true", target);
    const struct experiment mounts[] = {
        {"setns into the template, no namespace", 0, enter, &sandbox->template_mounts},
        {"tmpfs by mount(2)", CLONE_NEWNS, mount_tmpfs_classic, target},
        {"tmpfs by fsopen, fsmount, move_mount", CLONE_NEWNS, mount_tmpfs, target},
        {"read-only bind by mount(2), twice", CLONE_NEWNS, mount_bind, target},
        {"read-only bind by open_tree, move_mount", CLONE_NEWNS, mount_tree, target},
        {"proc", CLONE_NEWNS | CLONE_NEWPID, mount_proc, target},
        {"tmpfs by mount(2), and umount2 at once", CLONE_NEWNS, mount_and_unmount, target},
        {"groups, gid, uid", 0, drop_identity, NULL},
        {"fork (a copy of our memory), exit, wait", 0, fork_once, NULL},
        {"child of pid 1: fork, exit, wait", CLONE_NEWPID, fork_once, NULL},
        {"child of pid 1: vfork, exit, wait", CLONE_NEWPID, vfork_once, NULL},
        {"child of pid 1: vfork, exec, exit, wait", CLONE_NEWPID, vfork_and_exec, program},
    };
    for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) run_experiment(&mounts[i], stack, count, 0);
}

/// Where the time of whole launches goes, moment by moment.
static int print_timeline(struct sandbox *sandbox, enum root_method method, size_t count, unsigned pause) {
    struct launcher launcher;
    struct samples steps[MOMENT_COUNT], all = samples_make(count);
    for (int i = 0; i < MOMENT_COUNT; i++) steps[i] = samples_make(count);
    const size_t warm_up = count / 10 + 1;
    sandbox->method = method;
    int result = launcher_open(&launcher, sandbox, 0);
    uint64_t begin = monotonic_now();
    for (size_t i = 0; result == 0 && i < count + warm_up; i++) {
        if (i == warm_up) begin = monotonic_now();
        result = launcher_run(&launcher);
        if (i >= warm_up) {
            const uint64_t *moments = launcher.moments;
            for (int m = 1; m < MOMENT_COUNT; m++) samples_add(&steps[m], moments[m] - moments[m - 1]);
            samples_add(&all, moments[MOMENT_REMOVED] - moments[MOMENT_START]);
        }
        pause_for(pause);
    }
    double seconds = (double)(monotonic_now() - begin) / 1e9;
    launcher_close(&launcher);
    printf("\nWhole launches, %s, %s: p50, p99\n",
           method == ROOT_TEMPLATE ? "root from the template" : "bind and pivot_root",
           pause ? "with a pause after each" : "one after another");
    for (int m = 1; m < MOMENT_COUNT; m++)
        printf("  %-46s %8.0f %8.0f\n", moment_names[m], samples_percentile(&steps[m], 50),
               samples_percentile(&steps[m], 99));
    printf("  %-46s %8.0f %8.0f", "all", samples_percentile(&all, 50), samples_percentile(&all, 99));
    if (pause == 0) printf(", %.0f a second", (double)count / seconds);
    printf("\n");
    fflush(stdout);
    for (int i = 0; i < MOMENT_COUNT; i++) samples_free(&steps[i]);
    samples_free(&all);
    return result;
}

int steps_print(struct sandbox *sandbox, size_t count) {
    const unsigned pause = 20000;
    printf("Medians of %zu, in microseconds.\n", count);
    if (print_timeline(sandbox, ROOT_TEMPLATE, count, 0) < 0) return -1;
    if (print_timeline(sandbox, ROOT_TEMPLATE, count / 4, pause) < 0) return -1;
    if (print_timeline(sandbox, ROOT_PIVOT, count, 0) < 0) return -1;

    struct launcher launcher;
    sandbox->method = ROOT_PIVOT;
    if (launcher_open(&launcher, sandbox, 0) < 0) return -1;
    heading("A child with its namespaces, from the host");
    print_births(launcher.stack, count, 0);
    heading("What a launcher may add, from the host");
    print_mounts(sandbox, launcher.stack, count);
    launcher_close(&launcher);

    sandbox->method = ROOT_TEMPLATE;
    if (launcher_open(&launcher, sandbox, 0) < 0) return -1;
    heading("A child with its namespaces, from the template");
    print_births(launcher.stack, count, 0);
    heading("The same, with a pause of 20 ms after each");
    print_births(launcher.stack, count / 4, pause);
    print_filters(launcher.stack, count);
    launcher_close(&launcher);
    return sandbox_interrupted ? -1 : 0;
}
