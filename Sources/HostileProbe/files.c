// Files without end, and what is printed. How much of it counts is for the supervisor to say.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe.h"

static char block[1 << 16];

// Writes until it is refused, or `bound` bytes. Adds to `tries` what came of it.
static void fill(struct tries *tries, const char *what, const char *path, long long bound) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0) {
        try_result(tries, what, -1);
        return;
    }
    memset(block, 'x', sizeof block);
    for (long long written = 0;;) {
        ssize_t count = write(fd, block, sizeof block);
        if (count < 0 || (written += count) > bound) {
            try_result(tries, what, count);
            return;
        }
    }
}

static int fill_control(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    return control_result("write", fd < 0 ? -1 : write(fd, block, sizeof block));
}

static int tmpfs_bomb(char **args) {
    struct tries tries = {0};
    fill(&tries, "tmp", "/tmp/bomb", number(args, 0));
    fill(&tries, "out", "/out/bomb", number(args, 0));
    return tries_end(&tries);
}

static int tmpfs_control(char **args) {
    (void)args;
    return fill_control("/out/modest");
}

static int shm_bomb(char **args) {
    struct tries tries = {0};
    fill(&tries, "shm", "/dev/shm/bomb", number(args, 0));
    return tries_end(&tries);
}

static int shm_control(char **args) {
    (void)args;
    return fill_control("/dev/shm/modest");
}

// Makes up to `bound` empty files; returns how many could be.
static long long make_files(const char *directory, long long bound) {
    char path[64];
    for (long long made = 0; made < bound; made++) {
        snprintf(path, sizeof path, "%s/%lld", directory, made);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
        if (fd < 0) return made;
        close(fd);
    }
    return bound;
}

static int inode_flood(char **args) {
    long long bound = number(args, 0);
    struct tries tries = {0};
    try_result(&tries, "tmp", make_files("/tmp", bound) < bound ? -1 : 0);
    try_result(&tries, "out", make_files("/out", bound) < bound ? -1 : 0);
    return tries_end(&tries);
}

static int inode_control(char **args) {
    (void)args;
    return control_result("files", make_files("/out", 8) == 8 ? 0 : -1);
}

static int make_sparse(const char *path, long long size) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    return fd < 0 ? -1 : ftruncate(fd, size);
}

static int sparse_file(char **args) {
    (void)args;
    if (make_sparse("/out/huge", 1LL << 50) < 0) return untried("a pebibyte of holes: %s", strerror(errno));
    return done("a file of a pebibyte, all holes");
}

static int sparse_control(char **args) {
    (void)args;
    return control_result("holes", make_sparse("/out/holes", 1 << 16));
}

// Leaves the working directory there.
static int descend(int depth) {
    if (chdir("/out") < 0) return -1;
    for (int i = 0; i < depth; i++)
        if (mkdir("d", 0755) < 0 || chdir("d") < 0) return -1;
    return open("bottom", O_WRONLY | O_CREAT, 0644);
}

static int deep_directories(char **args) {
    (void)args;
    if (descend(1000) < 0) return untried("a thousand directories: %s", strerror(errno));
    return done("a file a thousand directories deep");
}

static int deep_control(char **args) {
    (void)args;
    return control_result("directories", descend(3));
}

static int stdout_flood(char **args) {
    long long bytes = number(args, 0);
    for (long long written = 0; written < bytes;) {
        ssize_t count = write(STDOUT_FILENO, block, sizeof block);
        if (count < 0) return PROBE_FAILED;
        written += count;
    }
    return succeeded("all of it was printed");
}

static int stdout_control(char **args) {
    (void)args;
    return allowed("one line");
}

const struct probe_case file_cases[] = {
    {"tmpfs-bomb", tmpfs_bomb, tmpfs_control, NULL},
    {"shm-bomb", shm_bomb, shm_control, NULL},
    {"inode-flood", inode_flood, inode_control, NULL},
    {"sparse-file", sparse_file, sparse_control, NULL},
    {"deep-directories", deep_directories, deep_control, NULL},
    {"stdout-flood", stdout_flood, stdout_control, NULL},
    {NULL, NULL, NULL, NULL},
};
