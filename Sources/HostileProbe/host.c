// What the prover planted on the host for the attack to find: files, a process, an abstract socket, a TCP service.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"
#include "unix.h"

static int files_attack(char **args) {
    const char *path = argument(args, 0);
    char through[4096];
    struct tries tries = {0};
    try_result(&tries, "planted", open(path, O_RDONLY));
    snprintf(through, sizeof through, "/proc/1/root%s", path);
    try_result(&tries, "init-root", open(through, O_RDONLY));
    snprintf(through, sizeof through, "/proc/1/cwd/../../../../../../../../../..%s", path);
    try_result(&tries, "init-cwd", open(through, O_RDONLY));
    snprintf(through, sizeof through, "/src/../../../../../../../../../..%s", path);
    try_result(&tries, "upwards", open(through, O_RDONLY));
    try_result(&tries, "shadow", open("/etc/shadow", O_RDONLY));
    try_result(&tries, "boot-disk", open("/dev/sda", O_RDONLY));
    try_result(&tries, "memory", open("/dev/mem", O_RDONLY));
    try_result(&tries, "log", open("/dev/kmsg", O_RDONLY));
    return tries_end(&tries);
}

static int files_control(char **args) {
    (void)args;
    return control_result("passwd", open("/etc/passwd", O_RDONLY));
}

// What it makes after all is removed at once: it is the operator's own host.
static void make_file(struct tries *tries, const char *what, const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (try_result(tries, what, fd)) unlink(path);
}

static int writes_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    make_file(&tries, "root", "/planted-by-scan-probe");
    make_file(&tries, "usr", "/usr/planted-by-scan-probe");
    make_file(&tries, "src", "/src/planted-by-scan-probe");
    make_file(&tries, "dev", "/dev/planted-by-scan-probe");
    try_result(&tries, "unnamed", open("/usr/bin", O_TMPFILE | O_WRONLY, 0644));
    try_result(&tries, "etc", open("/etc/passwd", O_WRONLY));
    try_result(&tries, "probe", open("/proc/self/exe", O_WRONLY));
    return tries_end(&tries);
}

static int writes_control(char **args) {
    (void)args;
    return control_result("tmp", open("/tmp/own", O_WRONLY | O_CREAT | O_EXCL, 0644));
}

static int process_attack(char **args) {
    long long pid = number(args, 0);
    char path[64];
    struct tries tries = {0};
    try_result(&tries, "kill", kill((pid_t)pid, SIGKILL));
    try_result(&tries, "pidfd", syscall(SYS_pidfd_open, (pid_t)pid, 0));
    snprintf(path, sizeof path, "/proc/%lld/status", pid);
    try_result(&tries, "proc", open(path, O_RDONLY));
    return tries_end(&tries);
}

static int process_control(char **args) {
    (void)args;
    int child = fork_or_end();
    if (child == 0) wait_forever();
    return control_result("kill", kill(child, SIGKILL));
}

static int abstract_attack(char **args) {
    struct tries tries = {0};
    try_result(&tries, "stream", unix_connect(argument(args, 0)));
    return tries_end(&tries);
}

static int abstract_control(char **args) {
    (void)args;
    if (unix_listen("own-socket") < 0) return denied("listen");
    return control_result("connect", unix_connect("own-socket"));
}

static int connect_to(int family, unsigned short port) {
    int fd = socket(family, SOCK_STREAM, 0);
    if (fd < 0) return -1;
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback};
    int result = family == AF_INET ? connect(fd, (struct sockaddr *)&four, sizeof four)
                                   : connect(fd, (struct sockaddr *)&six, sizeof six);
    int error = errno;
    if (result < 0) close(fd);
    errno = error;
    return result < 0 ? -1 : fd;
}

static int loopback_attack(char **args) {
    unsigned short port = (unsigned short)number(args, 0);
    struct tries tries = {0};
    try_result(&tries, "tcp", connect_to(AF_INET, port));
    try_result(&tries, "tcp6", connect_to(AF_INET6, port));
    return tries_end(&tries);
}

static int loopback_control(char **args) {
    (void)args;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof any;
    if (listener < 0 || bind(listener, (struct sockaddr *)&any, size) < 0 || listen(listener, 1) < 0 ||
        getsockname(listener, (struct sockaddr *)&any, &size) < 0)
        return denied("listen");
    return control_result("connect", connect_to(AF_INET, ntohs(any.sin_port)));
}

const struct probe_case host_cases[] = {
    {"host-files", files_attack, files_control, NULL},
    {"host-writes", writes_attack, writes_control, NULL},
    {"host-process", process_attack, process_control, NULL},
    {"abstract-socket", abstract_attack, abstract_control, NULL},
    {"host-loopback", loopback_attack, loopback_control, NULL},
    {NULL, NULL, NULL, NULL},
};
