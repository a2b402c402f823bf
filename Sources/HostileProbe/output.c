// What may be left in /out for whoever reads it. A plain file lies beside it, and must be taken.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"

static int write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (fd < 0) return -1;
    ssize_t count = write(fd, text, strlen(text));
    close(fd);
    return count < 0 ? -1 : 0;
}

static void leave_plain(void) {
    if (write_file("/out/plain", "plain\n") < 0) _exit(untried("/out/plain: %s", strerror(errno)));
}

static int plain_control(char **args) {
    (void)args;
    return control_result("plain", write_file("/out/plain", "plain\n"));
}

// `argument` is a file of the host.
static int symlink_attack(char **args) {
    const char *path = argument(args, 0);
    char upwards[4096];
    snprintf(upwards, sizeof upwards, "../../../../../../../../../..%s", path);
    leave_plain();
    if (symlink(path, "/out/absolute") < 0 || symlink(upwards, "/out/upwards") < 0 ||
        symlink("/", "/out/directory") < 0 || symlink("/proc/self/root", "/out/magic") < 0 ||
        mkdir("/out/below", 0755) < 0 || symlink(upwards, "/out/below/upwards") < 0 ||
        symlink("plain", "/out/inside") < 0)
        return untried("links: %s", strerror(errno));
    return done("links that lead out of /out");
}

static int fifo_attack(char **args) {
    (void)args;
    leave_plain();
    if (mkfifo("/out/fifo", 0666) < 0) return untried("mkfifo: %s", strerror(errno));
    return done("a FIFO that nobody writes to");
}

static int device_attack(char **args) {
    (void)args;
    leave_plain();
    struct tries tries = {0};
    try_result(&tries, "character", mknod("/out/zero", S_IFCHR | 0666, makedev(1, 5)));
    try_result(&tries, "block", mknod("/out/disk", S_IFBLK | 0666, makedev(8, 0)));
    // Device 0:0, which the kernel lets anybody make, from Linux 5.8.
    try_result(&tries, "whiteout", mknod("/out/whiteout", S_IFCHR, 0));
    return tries_end(&tries);
}

static int socket_attack(char **args) {
    (void)args;
    leave_plain();
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/out/socket"};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return untried("bind: %s", strerror(errno));
    return done("a socket");
}

// Of files that are not in /out, which would show them; of one that is, which would be taken twice.
static int hard_link_attack(char **args) {
    (void)args;
    leave_plain();
    if (write_file("/tmp/elsewhere", "elsewhere\n") < 0) return untried("/tmp: %s", strerror(errno));
    struct tries tries = {0};
    try_result(&tries, "passwd", link("/etc/passwd", "/out/passwd"));
    try_result(&tries, "usr", link("/usr/bin/env", "/out/env"));
    try_result(&tries, "tmp", link("/tmp/elsewhere", "/out/elsewhere"));
    if (link("/out/plain", "/out/second") < 0) return untried("a second name: %s", strerror(errno));
    return tries_end(&tries);
}

// A daemon goes on exchanging a file, a longer one and a link out of /out for each other until it is killed.
static int swap_attack(char **args) {
    const char *path = argument(args, 0);
    leave_plain();
    if (write_file("/out/swapped", "short\n") < 0 || write_file("/out/longer", "a longer text\n") < 0 ||
        symlink(path, "/out/link") < 0)
        return untried("files: %s", strerror(errno));
    int ready[2];
    if (pipe(ready) < 0) return untried("pipe");
    if (fork_or_end() == 0) {
        setsid();
        ignore_signals();
        for (unsigned long round = 0;; round++) {
            // RENAME_EXCHANGE: at no moment is the name without a file.
            renameat2(AT_FDCWD, "/out/swapped", AT_FDCWD, "/out/longer", 2);
            renameat2(AT_FDCWD, "/out/swapped", AT_FDCWD, "/out/link", 2);
            if (round == 100 && write(ready[1], "r", 1) != 1) _exit(PROBE_UNTRIED);
        }
    }
    char byte;
    if (read(ready[0], &byte, 1) != 1) return untried("no swapper");
    return done("files that are swapped until the end");
}

const struct probe_case output_cases[] = {
    {"output-symlink", symlink_attack, plain_control, NULL},
    {"output-fifo", fifo_attack, plain_control, NULL},
    {"output-device", device_attack, plain_control, NULL},
    {"output-socket", socket_attack, plain_control, NULL},
    {"output-hard-link", hard_link_attack, plain_control, NULL},
    {"output-swap", swap_attack, plain_control, NULL},
    {NULL, NULL, NULL, NULL},
};
