#define _GNU_SOURCE
#include "CSeccomp.h"

#include <errno.h>
#include <pthread.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(CSEC_KILL_PROCESS == SCMP_ACT_KILL_PROCESS && CSEC_ALLOW == SCMP_ACT_ALLOW && CSEC_LOG == SCMP_ACT_LOG &&
                   CSEC_NOTIFY == SCMP_ACT_NOTIFY && (CSEC_ERRNO | 1) == SCMP_ACT_ERRNO(1) &&
                   (CSEC_TRACE | 1) == SCMP_ACT_TRACE(1),
               "actions mirror libseccomp's");
_Static_assert((int)CSEC_NOT_EQUAL == (int)SCMP_CMP_NE && (int)CSEC_LESS == (int)SCMP_CMP_LT &&
                   (int)CSEC_LESS_OR_EQUAL == (int)SCMP_CMP_LE && (int)CSEC_EQUAL == (int)SCMP_CMP_EQ &&
                   (int)CSEC_GREATER_OR_EQUAL == (int)SCMP_CMP_GE && (int)CSEC_GREATER == (int)SCMP_CMP_GT &&
                   (int)CSEC_MASKED_EQUAL == (int)SCMP_CMP_MASKED_EQ,
               "comparisons mirror libseccomp's");

static long fail(struct csec_failure *failure, long code, size_t rule) {
    failure->code = (int32_t)code;
    failure->rule = (int32_t)rule;
    return code;
}

// Without a level libseccomp probes the running kernel with a dozen calls, and refuses to compile what that kernel
// lacks. A filter is bytes: whether the kernel takes them shows when they are installed. 5 is the first level with
// NOTIFY.
static void fix_api_level(void) { (void)seccomp_api_set(5); }

static int add_rule(scmp_filter_ctx context, const struct csec_rule *rule) {
    struct scmp_arg_cmp comparisons[CSEC_ARGUMENTS];
    if (rule->condition_count > CSEC_ARGUMENTS) return -E2BIG;
    for (uint32_t index = 0; index < rule->condition_count; index++) {
        const struct csec_condition *condition = &rule->conditions[index];
        int masked = condition->comparison == CSEC_MASKED_EQUAL;
        comparisons[index] = (struct scmp_arg_cmp){
            .arg = condition->argument,
            .op = (enum scmp_compare)condition->comparison,
            .datum_a = masked ? condition->mask : condition->value,
            .datum_b = masked ? condition->value : 0,
        };
    }
    // "exact": where libseccomp would quietly change a rule to suit an architecture, it fails instead.
    return seccomp_rule_add_exact_array(context, rule->action, rule->syscall, rule->condition_count, comparisons);
}

// libseccomp 2.5 exports to a descriptor only; a memfd is one that no disk and no pipe's capacity can disturb.
static long export_bytes(scmp_filter_ctx context, void *bytes, size_t capacity) {
    int memory = memfd_create("seccomp-filter", MFD_CLOEXEC);
    if (memory < 0) return -errno;
    long result = seccomp_export_bpf(context, memory);
    if (result == 0) {
        off_t size = lseek(memory, 0, SEEK_END);
        if (size < 0)
            result = -errno;
        else if ((size_t)size > capacity)
            result = -ENOSPC;
        else {
            ssize_t count = pread(memory, bytes, (size_t)size, 0);
            result = count < 0 ? -errno : (count == size ? (long)count : -EIO);
        }
    }
    (void)close(memory);
    return result;
}

long csec_compile(uint32_t default_action, const struct csec_rule *rules, size_t rule_count, void *bytes,
                  size_t capacity, struct csec_failure *failure) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, fix_api_level);
    scmp_filter_ctx context = seccomp_init(default_action);
    if (context == NULL) return fail(failure, -EINVAL, (size_t)-1);

    long result = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    // 2: a binary tree over the numbers, so that the last of 300 rules is not 300 comparisons away.
    if (result == 0) result = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    size_t rule = (size_t)-1;
    for (size_t index = 0; result == 0 && index < rule_count; index++) {
        result = add_rule(context, &rules[index]);
        if (result != 0) rule = index;
    }
    if (result == 0) result = export_bytes(context, bytes, capacity);
    seccomp_release(context);
    return result < 0 ? fail(failure, result, rule) : result;
}

long csec_syscall_number(const char *name) {
    int number = seccomp_syscall_resolve_name_arch(SCMP_ARCH_NATIVE, name);
    if (number == __NR_SCMP_ERROR) return CSEC_UNKNOWN_NAME;
    // libseccomp numbers the calls of other architectures below zero.
    return number < 0 ? CSEC_FOREIGN_NAME : number;
}

long csec_syscall_name(int32_t number, char *name, size_t capacity) {
    char *found = number < 0 ? NULL : seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
    if (found == NULL) return -ENOENT;
    size_t length = strlen(found);
    long result = length < capacity ? (long)length : -ENOSPC;
    if (result >= 0) memcpy(name, found, length + 1);
    free(found);
    return result;
}

uint32_t csec_library_version(void) {
    const struct scmp_version *version = seccomp_version();
    return version->major * 1000000U + version->minor * 1000U + version->micro;
}

// libseccomp's tokens for architectures are the kernel's AUDIT_ARCH_* values.
uint32_t csec_native_audit_arch(void) { return seccomp_arch_native(); }
