// What one task can find of another. A sandbox that runs `hold TOKEN` has planted it all; the attacks look from another
// sandbox, the controls plant and find within one.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "helpers.h"
#include "probe.h"
#include "unix.h"

enum { key_number = 0x7363616e, session_keyring = -3, user_keyring = -4 };

static const char *path_of(const char *directory, const char *token) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, token);
    return path;
}

static int plant_file(const char *path) { return open(path, O_RDWR | O_CREAT, 0666); }

int helper_hold(char **args) {
    const char *token = argument(args, 0);
    // What the filter refuses even its owner cannot be planted; the rest must be there, or the proof proves nothing.
    if (plant_file(path_of("/tmp", token)) < 0) return PROBE_UNTRIED;
    if (plant_file(path_of("/out", token)) < 0 || plant_file(path_of("/dev/shm", token)) < 0) return PROBE_UNTRIED;
    if (unix_listen(token) < 0) return PROBE_UNTRIED;
    if (prctl(PR_SET_NAME, token) < 0) return PROBE_UNTRIED;
    syscall(SYS_add_key, "user", token, "x", 1, user_keyring);
    shmget(key_number, 4096, IPC_CREAT | 0666);
    semget(key_number, 1, IPC_CREAT | 0666);
    msgget(key_number, IPC_CREAT | 0666);
    syscall(SYS_mq_open, token, O_RDWR | O_CREAT, 0666, NULL);
    done("ready");
    wait_forever();
}

// Whether a directory has an entry of the token's name, or anything that is not in `known`.
static int find_entry(const char *directory, const char *token) {
    DIR *listing = opendir(directory);
    if (!listing) return -1;
    struct dirent *entry;
    while ((entry = readdir(listing)))
        if (strcmp(entry->d_name, token) == 0) return 0;
    errno = ENOENT;
    return -1;
}

static int files_attack(char **args) {
    const char *token = argument(args, 0);
    struct tries tries = {0};
    try_result(&tries, "tmp", open(path_of("/tmp", token), O_RDONLY));
    try_result(&tries, "out", open(path_of("/out", token), O_RDONLY));
    try_result(&tries, "var-tmp", open(path_of("/var/tmp", token), O_RDONLY));
    try_result(&tries, "tmp-listing", find_entry("/tmp", token));
    try_result(&tries, "out-listing", find_entry("/out", token));
    return tries_end(&tries);
}

static int files_control(char **args) {
    const char *token = argument(args, 0);
    int child = fork_or_end();
    if (child == 0) _exit(plant_file(path_of("/tmp", token)) < 0);
    if (wait_for(child) != 0) return denied("plant");
    return control_result("found", open(path_of("/tmp", token), O_RDONLY));
}

static int memory_attack(char **args) {
    const char *token = argument(args, 0);
    struct tries tries = {0};
    try_result(&tries, "shm", open(path_of("/dev/shm", token), O_RDONLY));
    try_result(&tries, "shm-listing", find_entry("/dev/shm", token));
    return tries_end(&tries);
}

static int memory_control(char **args) {
    const char *token = argument(args, 0);
    int child = fork_or_end();
    if (child == 0) _exit(plant_file(path_of("/dev/shm", token)) < 0);
    if (wait_for(child) != 0) return denied("plant");
    return control_result("found", open(path_of("/dev/shm", token), O_RDONLY));
}

// A process of that name; ESRCH where there is none.
static int find_process(const char *token) {
    DIR *listing = opendir("/proc");
    if (!listing) return -1;
    struct dirent *entry;
    while ((entry = readdir(listing))) {
        char path[300], name[64] = "";
        snprintf(path, sizeof path, "/proc/%s/comm", entry->d_name);
        int fd = open(path, O_RDONLY);
        if (fd < 0) continue;
        ssize_t count = read(fd, name, sizeof name - 1);
        close(fd);
        name[strcspn(name, "\n")] = 0;
        // The kernel keeps 15 bytes of a name.
        if (count > 0 && strncmp(name, token, 15) == 0) return atoi(entry->d_name);
    }
    errno = ESRCH;
    return -1;
}

static int processes_attack(char **args) {
    struct tries tries = {0};
    try_result(&tries, "named", find_process(argument(args, 0)));
    // Every number that is anybody's here is pid 1's or our own.
    int found = -1;
    for (int pid = 2; pid <= 4096 && found < 0; pid++)
        if (pid != getpid() && kill(pid, 0) == 0) found = pid;
    errno = ESRCH;
    try_result(&tries, "numbers", found);
    return tries_end(&tries);
}

static int processes_control(char **args) {
    const char *token = argument(args, 0);
    int ready[2];
    if (pipe(ready) < 0) return denied("pipe");
    int child = fork_or_end();
    if (child == 0) {
        prctl(PR_SET_NAME, token);
        if (write(ready[1], "r", 1) != 1) _exit(1);
        wait_forever();
    }
    char byte;
    if (read(ready[0], &byte, 1) != 1) return denied("child");
    return control_result("found", find_process(token));
}

static int sysv_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    try_result(&tries, "shm", shmget(key_number, 0, 0));
    try_result(&tries, "sem", semget(key_number, 0, 0));
    try_result(&tries, "msg", msgget(key_number, 0));
    try_result(&tries, "shm-listing", open("/proc/sysvipc/shm", O_RDONLY));
    return tries_end(&tries);
}

// The kind of sharing that is permitted: memory of one's own descendants.
static int sharing_control(char **args) {
    (void)args;
    volatile char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return denied("mmap");
    int child = fork_or_end();
    if (child == 0) {
        *shared = 'x';
        _exit(0);
    }
    wait_for(child);
    errno = EINVAL;
    return control_result("shared", *shared == 'x' ? 0 : -1);
}

static int queues_attack(char **args) {
    const char *token = argument(args, 0);
    struct tries tries = {0};
    try_result(&tries, "open", syscall(SYS_mq_open, token, O_RDONLY, 0, NULL));
    try_result(&tries, "unlink", syscall(SYS_mq_unlink, token));
    try_result(&tries, "listing", open("/dev/mqueue", O_RDONLY | O_DIRECTORY));
    return tries_end(&tries);
}

static bool has_queues(void) { return syscall(SYS_mq_unlink, "scan-probe-no-such-queue") >= 0 || errno != ENOSYS; }
static bool has_sysv(void) { return shmget(key_number, 0, 0) >= 0 || errno != ENOSYS; }
static bool has_keys(void) { return syscall(SYS_add_key, NULL, NULL, NULL, 0, 0) >= 0 || errno != ENOSYS; }

static int keys_attack(char **args) {
    const char *token = argument(args, 0);
    struct tries tries = {0};
    try_result(&tries, "request", syscall(SYS_request_key, "user", token, NULL, 0));
    // KEYCTL_SEARCH of <linux/keyctl.h>.
    try_result(&tries, "user", syscall(SYS_keyctl, 10, user_keyring, "user", token, 0));
    try_result(&tries, "session", syscall(SYS_keyctl, 10, session_keyring, "user", token, 0));
    try_result(&tries, "listing", open("/proc/keys", O_RDONLY));
    return tries_end(&tries);
}

// The kernel's list of the own network namespace's sockets: it may be read, and must not name it.
static int find_socket(const char *token) {
    char line[512];
    FILE *list = fopen("/proc/self/net/unix", "re");
    if (!list) return -1;
    int found = -1;
    while (fgets(line, sizeof line, list))
        if (strstr(line, token)) found = 0;
    fclose(list);
    errno = ENOENT;
    return found;
}

static int sockets_attack(char **args) {
    const char *token = argument(args, 0);
    struct tries tries = {0};
    try_result(&tries, "connect", unix_connect(token));
    try_result(&tries, "listing", find_socket(token));
    return tries_end(&tries);
}

static int sockets_control(char **args) {
    const char *token = argument(args, 0);
    if (unix_listen(token) < 0) return denied("listen");
    int child = fork_or_end();
    if (child == 0) _exit(unix_connect(token) < 0);
    return control_result("connect", wait_for(child) == 0 ? 0 : -1);
}

// Everybody but pid 1 and the caller: nobody may be there.
static int signals_attack(char **args) {
    (void)args;
    return attack_result("kill-all", kill(-1, SIGKILL));
}

static int signals_control(char **args) {
    (void)args;
    int child = fork_or_end();
    if (child == 0) wait_forever();
    if (kill(-1, SIGKILL) < 0) return denied("kill-all");
    return control_result("killed", wait_for(child) == 128 + SIGKILL ? 0 : -1);
}

const struct probe_case task_cases[] = {
    {"task-files", files_attack, files_control, NULL},
    {"task-shared-memory", memory_attack, memory_control, NULL},
    {"task-processes", processes_attack, processes_control, NULL},
    {"task-sysv-ipc", sysv_attack, sharing_control, has_sysv},
    {"task-message-queues", queues_attack, sharing_control, has_queues},
    {"task-keys", keys_attack, sharing_control, has_keys},
    {"task-abstract-sockets", sockets_attack, sockets_control, NULL},
    {"task-signals", signals_attack, signals_control, NULL},
    {NULL, NULL, NULL, NULL},
};
