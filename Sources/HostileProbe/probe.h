// What every attack is made of: the table's entries, and how an attack and its control say what came of them.
//
// One line on stdout and an exit code:
//   refused WHAT=ERRNO ...   0   the sandbox or the kernel refused all that was tried
//   done TEXT                0   the attack is one that is permitted to be tried; what it did to others is for them to
//   say succeeded WHAT           1   the attack did what it must not: the sandbox failed allowed TEXT             0   a
//   control did what is permitted denied WHAT=ERRNO        1   a control was refused: the sandbox forbids too much, and
//   its attack proves nothing untried TEXT            77   it could not be tried here
#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>
#include <stddef.h>

enum probe_exit {
    PROBE_HELD = 0,
    PROBE_SUCCEEDED = 1,
    // A program that fails because it was refused, as a scanner would.
    PROBE_FAILED = 3,
    PROBE_USAGE = 64,
    PROBE_UNTRIED = 77,
};

struct probe_case {
    const char *name;
    // Both get the words after the name, ended by NULL, and return an exit code.
    int (*attack)(char **args);
    int (*control)(char **args);
    // Called outside of a sandbox by root: whether this kernel has what the attack is about. Harmless: it makes calls
    // that fail for another reason than ENOSYS. NULL: every kernel has it.
    bool (*host)(void);
};

// Each ends with an entry without a name.
extern const struct probe_case memory_cases[];
extern const struct probe_case process_cases[];
extern const struct probe_case cpu_cases[];
extern const struct probe_case file_cases[];
extern const struct probe_case survival_cases[];
extern const struct probe_case tracing_cases[];
extern const struct probe_case namespace_cases[];
extern const struct probe_case kernel_cases[];
extern const struct probe_case entry_cases[];
extern const struct probe_case procfs_cases[];
extern const struct probe_case descriptor_cases[];
extern const struct probe_case privilege_cases[];
extern const struct probe_case terminal_cases[];
extern const struct probe_case socket_cases[];
extern const struct probe_case host_cases[];
extern const struct probe_case output_cases[];
extern const struct probe_case task_cases[];

// --- Words

// Several calls of one attack. Any that succeeds makes the attack a success.
struct tries {
    bool succeeded;
    size_t length;
    char text[1024];
};

// `result` is a system call's: negative with errno, or a success. Returns whether it succeeded.
bool try_result(struct tries *tries, const char *what, long result);
// Says `refused` or `succeeded`, and returns the exit code.
int tries_end(const struct tries *tries);
// An attack of one call.
int attack_result(const char *what, long result);
// A control of one call.
int control_result(const char *what, long result);

__attribute__((format(printf, 1, 2))) int done(const char *format, ...);
__attribute__((format(printf, 1, 2))) int succeeded(const char *format, ...);
__attribute__((format(printf, 1, 2))) int allowed(const char *format, ...);
__attribute__((format(printf, 1, 2))) int untried(const char *format, ...);
// `denied WHAT=ERRNO`, from errno.
int denied(const char *what);

// --- Arguments. Ends with PROBE_USAGE where there is none, or it is no number.
const char *argument(char **args, int index);
long long number(char **args, int index);

// --- Children

// Forks; ends the attack as untried where that fails.
int fork_or_end(void);
// The exit code of `pid`, or 128 + the signal that ended it.
int wait_for(int pid);
// Sleeps until it is killed.
__attribute__((noreturn)) void wait_forever(void);
// Ignores every signal that can be.
void ignore_signals(void);

#endif
