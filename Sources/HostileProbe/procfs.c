// The kernel's settings and the cgroup through the files that show them.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe.h"

static void open_for_writing(struct tries *tries, const char *what, const char *path) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    try_result(tries, what, fd);
    if (fd >= 0) close(fd);
}

static int cgroup_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    open_for_writing(&tries, "procs", "/sys/fs/cgroup/cgroup.procs");
    open_for_writing(&tries, "hybrid", "/sys/fs/cgroup/unified/cgroup.procs");
    open_for_writing(&tries, "memory", "/sys/fs/cgroup/memory.max");
    try_result(&tries, "mkdir", mkdir("/sys", 0755));
    try_result(&tries, "mount", mount("cgroup2", "/tmp", "cgroup2", 0, NULL));
    return tries_end(&tries);
}

// Reads a small file; -1 with errno where it cannot.
static ssize_t read_text(const char *path, char *text, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t count = read(fd, text, size - 1);
    int error = errno;
    close(fd);
    errno = error;
    if (count >= 0) text[count] = 0;
    return count;
}

// The name of the own cgroup tells nothing: its namespace begins in the leaf.
static int cgroup_control(char **args) {
    (void)args;
    char text[4096];
    if (read_text("/proc/self/cgroup", text, sizeof text) < 0) return denied("cgroup");
    char *line = strstr(text, "0::");
    errno = ENOENT;
    return control_result("cgroup", line && strncmp(line, "0::/\n", 5) == 0 ? 0 : -1);
}

static int sysrq_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    open_for_writing(&tries, "trigger", "/proc/sysrq-trigger");
    open_for_writing(&tries, "setting", "/proc/sys/kernel/sysrq");
    return tries_end(&tries);
}

static int core_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    open_for_writing(&tries, "pattern", "/proc/sys/kernel/core_pattern");
    open_for_writing(&tries, "modprobe", "/proc/sys/kernel/modprobe");
    open_for_writing(&tries, "uevent", "/sys/kernel/uevent_helper");
    return tries_end(&tries);
}

static int status_control(char **args) {
    (void)args;
    char text[4096];
    return control_result("status", read_text("/proc/self/status", text, sizeof text));
}

static void write_score(struct tries *tries, const char *what, const char *path, const char *score) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    try_result(tries, what, fd < 0 ? -1 : write(fd, score, strlen(score)));
}

static int score_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    write_score(&tries, "never", "/proc/self/oom_score_adj", "-1000");
    write_score(&tries, "less", "/proc/self/oom_score_adj", "-1");
    write_score(&tries, "init", "/proc/1/oom_score_adj", "-1000");
    return tries_end(&tries);
}

// What the worker may have set for itself is not inherited.
static int score_control(char **args) {
    (void)args;
    char text[64];
    if (read_text("/proc/self/oom_score_adj", text, sizeof text) < 0) return denied("score");
    errno = EINVAL;
    return control_result("score", text[0] == '-' ? -1 : 0);
}

const struct probe_case procfs_cases[] = {
    {"cgroupfs", cgroup_attack, cgroup_control, NULL},
    {"sysrq", sysrq_attack, status_control, NULL},
    {"core-pattern", core_attack, status_control, NULL},
    {"oom-score-adj", score_attack, score_control, NULL},
    {NULL, NULL, NULL, NULL},
};
