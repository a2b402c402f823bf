// A small door to libseccomp: rules with argument comparisons in, BPF bytes out. No policy, no state of its own.
// Also the ioctls of a seccomp listener, which Swift cannot call because ioctl is variadic.
// Functions return the kernel's convention: the result, or a negated errno.
#ifndef CSECCOMP_H
#define CSECCOMP_H

#include <stddef.h>
#include <stdint.h>

/// Filter return values, SECCOMP_RET_* of seccomp(2). ERRNO and TRACE carry 16 bits of data in the lower half.
#define CSEC_KILL_PROCESS 0x80000000U
#define CSEC_ERRNO 0x00050000U
#define CSEC_NOTIFY 0x7fc00000U
#define CSEC_TRACE 0x7ff00000U
#define CSEC_LOG 0x7ffc0000U
#define CSEC_ALLOW 0x7fff0000U

/// Comparisons of one argument, SCMP_CMP_* of seccomp_rule_add(3). All are of 64 unsigned bits.
enum csec_comparison {
    CSEC_NOT_EQUAL = 1,
    CSEC_LESS = 2,
    CSEC_LESS_OR_EQUAL = 3,
    CSEC_EQUAL = 4,
    CSEC_GREATER_OR_EQUAL = 5,
    CSEC_GREATER = 6,
    CSEC_MASKED_EQUAL = 7
};

enum { CSEC_ARGUMENTS = 6 };

/// One comparison. `mask` is read by CSEC_MASKED_EQUAL alone: (argument & mask) == value.
struct csec_condition {
    uint32_t argument;
    uint32_t comparison;
    uint64_t mask;
    uint64_t value;
};

/// What a call gets: `action` when all conditions hold (none: always).
struct csec_rule {
    int32_t syscall;
    uint32_t action;
    uint32_t condition_count;
    struct csec_condition conditions[CSEC_ARGUMENTS];
};

/// Where a compilation failed: the negated errno that libseccomp gave, and the rule (-1: none in particular).
struct csec_failure {
    int32_t code;
    int32_t rule;
};

/// Compiles for the native architecture and puts `struct sock_filter` entries, 8 bytes each, into `bytes`. Entry by any
/// other architecture, and by x32 numbers on x86-64, kills the process. No rule may repeat the default action:
/// libseccomp refuses it. Returns the size, which is never more than `capacity` (-ENOSPC instead).
long csec_compile(uint32_t default_action, const struct csec_rule *rules, size_t rule_count, void *bytes,
                  size_t capacity, struct csec_failure *failure);

enum { CSEC_UNKNOWN_NAME = -1, CSEC_FOREIGN_NAME = -2 };
/// The native number of a system call; CSEC_UNKNOWN_NAME, or CSEC_FOREIGN_NAME where only other architectures have it.
long csec_syscall_number(const char *name);

/// Writes the native name of a number and a NUL; its length, or -ENOENT.
long csec_syscall_name(int32_t number, char *name, size_t capacity);

/// libseccomp's version, major * 1,000,000 + minor * 1,000 + micro.
uint32_t csec_library_version(void);

/// AUDIT_ARCH_* of the native architecture, as `seccomp_data.arch` has it.
uint32_t csec_native_audit_arch(void);

/// One call that waits in the listener, from `struct seccomp_notif`.
struct csec_notification {
    uint64_t id;
    uint32_t pid;
    int32_t syscall;
    uint32_t arch;
    uint64_t instruction_pointer;
    uint64_t arguments[CSEC_ARGUMENTS];
};

/// SECCOMP_IOCTL_NOTIF_RECV. -ENOENT when the caller was killed meanwhile.
long csec_notification_receive(int listener, struct csec_notification *notification);

/// SECCOMP_IOCTL_NOTIF_SEND with SECCOMP_USER_NOTIF_FLAG_CONTINUE: the kernel goes on with the call as it stands.
long csec_notification_continue(int listener, uint64_t id);

#endif
