// Programs that give rights to whoever executes them. The prover plants a copy of this program with the set-user-ID bit
// of root, and one with every capability.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "helpers.h"
#include "probe.h"

// Exit codes: 0 no more rights than before, 1 another uid, 2 capabilities.
int helper_identity(void) {
    uid_t real, effective, saved;
    gid_t group, effective_group, saved_group;
    if (getresuid(&real, &effective, &saved) < 0 || getresgid(&group, &effective_group, &saved_group) < 0) return 1;
    if (effective != real || saved != real || real == 0) return 1;
    if (effective_group != group || saved_group != group || group == 0) return 1;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2] = {{0}};
    if (syscall(SYS_capget, &header, sets) < 0) return 2;
    for (int i = 0; i < 2; i++)
        if (sets[i].effective || sets[i].permitted || sets[i].inheritable) return 2;
    return 0;
}

static int execute(const char *program) {
    int child = fork_or_end();
    if (child == 0) {
        execl(program, "scan-probe", "identity", (char *)NULL);
        _exit(PROBE_UNTRIED);
    }
    return wait_for(child);
}

static int privileged_attack(char **args) {
    const char *program = argument(args, 0);
    switch (execute(program)) {
        case 0:
            // It was executed, and gave nothing.
            errno = EPERM;
            return attack_result("rights", -1);
        case 1:
            return succeeded("%s gave another uid", program);
        case 2:
            return succeeded("%s gave capabilities", program);
        default:
            return untried("%s could not be executed", program);
    }
}

static int privileged_control(char **args) {
    (void)args;
    return control_result("execve", execute("/proc/self/exe") == 0 ? 0 : -1);
}

static int identity_attack(char **args) {
    (void)args;
    struct tries tries = {0};
    try_result(&tries, "setuid", setuid(0));
    try_result(&tries, "setresuid", setresuid(0, 0, 0));
    try_result(&tries, "setgid", setgid(0));
    gid_t root = 0;
    try_result(&tries, "setgroups", syscall(SYS_setgroups, 1, &root));
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct all[2] = {{~0U, ~0U, ~0U}, {~0U, ~0U, ~0U}};
    try_result(&tries, "capset", syscall(SYS_capset, &header, all));
    try_result(&tries, "securebits", prctl(PR_SET_SECUREBITS, 0, 0, 0, 0));
    return tries_end(&tries);
}

static int identity_control(char **args) {
    (void)args;
    return control_result("identity", helper_identity() == 0 ? 0 : -1);
}

const struct probe_case privilege_cases[] = {
    {"setuid-binary", privileged_attack, privileged_control, NULL},
    {"file-capabilities", privileged_attack, privileged_control, NULL},
    {"become-root", identity_attack, identity_control, NULL},
    {NULL, NULL, NULL, NULL},
};
