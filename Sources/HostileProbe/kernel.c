// Interfaces of the kernel with a long record of holes, and those that put code into it. On the host each is called so
// that it fails for a wrong argument: only whether it is there is asked.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

static bool is_there(long result) { return result >= 0 || errno != ENOSYS; }

static int bpf_attack(char **args) {
    (void)args;
    union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1};
    struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K}, {.code = BPF_JMP | BPF_EXIT}};
    union bpf_attr program = {.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
                              .insn_cnt = 2,
                              .insns = (uint64_t)(uintptr_t)code,
                              .license = (uint64_t)(uintptr_t) "GPL"};
    struct tries tries = {0};
    try_result(&tries, "map", syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map));
    try_result(&tries, "program", syscall(SYS_bpf, BPF_PROG_LOAD, &program, sizeof program));
    return tries_end(&tries);
}

static bool has_bpf(void) { return is_there(syscall(SYS_bpf, -1, NULL, 0)); }

// The old kind, on a socket of one's own.
static int bpf_control(char **args) {
    (void)args;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) < 0) return denied("socketpair");
    struct sock_filter accept_all = {BPF_RET | BPF_K, 0, 0, 0xffff};
    struct sock_fprog filter = {1, &accept_all};
    return control_result("socket-filter", setsockopt(ends[0], SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter));
}

static int perf_attack(char **args) {
    (void)args;
    struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE,
                                    .size = sizeof event,
                                    .config = PERF_COUNT_SW_CPU_CLOCK,
                                    .exclude_kernel = 1,
                                    .exclude_hv = 1};
    struct tries tries = {0};
    try_result(&tries, "own", syscall(SYS_perf_event_open, &event, 0, -1, -1, 0));
    event.exclude_kernel = 0;
    try_result(&tries, "host", syscall(SYS_perf_event_open, &event, -1, 0, -1, 0));
    return tries_end(&tries);
}

static bool has_perf(void) { return is_there(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0)); }

static int usage_control(char **args) {
    (void)args;
    struct rusage usage;
    return control_result("getrusage", getrusage(RUSAGE_SELF, &usage));
}

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

static int fault_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    try_result(&tries, "all", syscall(SYS_userfaultfd, O_CLOEXEC));
    try_result(&tries, "user-mode", syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY));
    // The other door, from Linux 6.1.
    try_result(&tries, "device", open("/dev/userfaultfd", O_RDWR));
    return tries_end(&tries);
}

static bool has_userfaultfd(void) { return is_there(syscall(SYS_userfaultfd, -1)); }

static int protect_control(char **args) {
    (void)args;
    void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return control_result("mprotect", mprotect(page, 4096, PROT_READ | PROT_WRITE));
}

// More segments than there may be: even where everything were allowed nothing would be loaded, or unloaded.
static int kexec_attack(char **args) {
    (void)args;
    return attack_result("kexec_load", syscall(SYS_kexec_load, 0, 1000, NULL, 0));
}

static bool has_kexec(void) { return is_there(syscall(SYS_kexec_load, 0, 1000, NULL, 0)); }

static int kexec_file_attack(char **args) {
    (void)args;
    return attack_result("kexec_file_load", syscall(SYS_kexec_file_load, -1, -1, 0, NULL, 0));
}

static bool has_kexec_file(void) { return is_there(syscall(SYS_kexec_file_load, -1, -1, 0, NULL, 0xffff)); }

static int exec_control(char **args) {
    (void)args;
    int child = fork_or_end();
    if (child == 0) {
        execl("/proc/self/exe", "scan-probe", "identity", (char *)NULL);
        _exit(PROBE_UNTRIED);
    }
    return control_result("execve", wait_for(child) == 0 ? 0 : -1);
}

static int module_attack(char **args) {
    (void)args;
    static char image[64] = "\177ELF";
    return attack_result("init_module", syscall(SYS_init_module, image, sizeof image, ""));
}

static bool has_modules(void) { return is_there(syscall(SYS_init_module, NULL, 0, NULL)); }

static int module_file_attack(char **args) {
    (void)args;
    return attack_result("finit_module", syscall(SYS_finit_module, -1, "", 0));
}

static bool has_module_files(void) { return is_there(syscall(SYS_finit_module, -1, NULL, 0)); }

enum { session_keyring = -3, user_keyring = -4 };

static int add_key_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    try_result(&tries, "session", syscall(SYS_add_key, "user", "scan-probe", "x", 1, session_keyring));
    try_result(&tries, "user", syscall(SYS_add_key, "user", "scan-probe", "x", 1, user_keyring));
    try_result(&tries, "request", syscall(SYS_request_key, "user", "scan-probe", NULL, 0));
    return tries_end(&tries);
}

static int keyctl_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    // GET_KEYRING_ID, JOIN_SESSION_KEYRING, GET_PERSISTENT of <linux/keyctl.h>.
    try_result(&tries, "id", syscall(SYS_keyctl, 0, user_keyring, 1));
    try_result(&tries, "join", syscall(SYS_keyctl, 1, NULL));
    try_result(&tries, "persistent", syscall(SYS_keyctl, 22, -1, session_keyring));
    return tries_end(&tries);
}

static bool has_keys(void) { return is_there(syscall(SYS_add_key, NULL, NULL, NULL, 0, 0)); }

static int secret_control(char **args) {
    (void)args;
    int fd = memfd_create("secret", MFD_CLOEXEC);
    return control_result("memfd", fd < 0 ? -1 : write(fd, "x", 1));
}

enum { number_io_uring_setup = 425, number_io_uring_enter = 426, number_io_uring_register = 427 };

static int uring_attack(char **args) {
    (void)args;
    static char parameters[120];
    struct tries tries = {0};
    try_result(&tries, "setup", syscall(number_io_uring_setup, 4, parameters));
    try_result(&tries, "enter", syscall(number_io_uring_enter, 0, 1, 0, 0, NULL, 0));
    try_result(&tries, "register", syscall(number_io_uring_register, 0, 0, NULL, 0));
    return tries_end(&tries);
}

static bool has_uring(void) { return is_there(syscall(number_io_uring_setup, 0, NULL)); }

static int epoll_control(char **args) {
    (void)args;
    return control_result("epoll", epoll_create1(EPOLL_CLOEXEC));
}

const struct probe_case kernel_cases[] = {
    {"bpf", bpf_attack, bpf_control, has_bpf},
    {"perf-event-open", perf_attack, usage_control, has_perf},
    {"userfaultfd", fault_attack, protect_control, has_userfaultfd},
    {"kexec-load", kexec_attack, exec_control, has_kexec},
    {"kexec-file-load", kexec_file_attack, exec_control, has_kexec_file},
    {"init-module", module_attack, exec_control, has_modules},
    {"finit-module", module_file_attack, exec_control, has_module_files},
    {"add-key", add_key_attack, secret_control, has_keys},
    {"keyctl", keyctl_attack, secret_control, has_keys},
    {"io-uring", uring_attack, epoll_control, has_uring},
    {NULL, NULL, NULL, NULL},
};
