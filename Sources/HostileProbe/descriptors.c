// What was left open, and the programs that stand behind a process: /proc/self/exe was the way to overwrite runc
// (CVE-2019-5736).
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

static int descriptors_attack(char **args) {
    (void)args;
    DIR *directory = opendir("/proc/self/fd");
    if (!directory) return untried("/proc/self/fd: %s", strerror(errno));
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] == '.' || fd <= 2 || fd == dirfd(directory)) continue;
        char path[300], target[256] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        if (readlink(path, target, sizeof target - 1) < 0) continue;
        return succeeded("descriptor %d is open: %s", fd, target);
    }
    struct tries tries = {0};
    // By number as well: /proc might not tell.
    int found = -1;
    for (int fd = 3; fd < 1024 && found < 0; fd++)
        if (fd != dirfd(directory) && fcntl(fd, F_GETFD) >= 0) found = fd;
    errno = EBADF;
    try_result(&tries, "numbers", found);
    try_result(&tries, "init", open("/proc/1/fd", O_RDONLY | O_DIRECTORY));
    try_result(&tries, "init-status", open("/proc/1/fd/3", O_WRONLY));
    return tries_end(&tries);
}

static int descriptors_control(char **args) {
    (void)args;
    return control_result("dup", dup(STDOUT_FILENO));
}

static int launcher_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    try_result(&tries, "self-write", open("/proc/self/exe", O_WRONLY));
    try_result(&tries, "self-truncate", open("/proc/self/exe", O_RDWR | O_TRUNC));
    try_result(&tries, "init-read", open("/proc/1/exe", O_RDONLY));
    try_result(&tries, "init-path", open("/proc/1/exe", O_PATH));
    try_result(&tries, "init-write", open("/proc/1/exe", O_WRONLY));
    // The handle that CVE-2019-5736 kept, and wrote through once the program had ended.
    int handle = open("/proc/self/exe", O_PATH | O_CLOEXEC);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", handle);
    try_result(&tries, "reopened", open(path, O_WRONLY));
    return tries_end(&tries);
}

static int launcher_control(char **args) {
    (void)args;
    return control_result("read", open("/proc/self/exe", O_RDONLY));
}

const struct probe_case descriptor_cases[] = {
    {"worker-descriptors", descriptors_attack, descriptors_control, NULL},
    {"launcher-overwrite", launcher_attack, launcher_control, NULL},
    {NULL, NULL, NULL, NULL},
};
