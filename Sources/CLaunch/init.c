// The sandbox's pid 1: forks the program, forwards SIGTERM, reaps, passes the exit on, and ends; the kernel then kills
// whatever is left in its pid namespace.
//
// It is not a process of ours but a program of its own, so that nothing of the supervisor's memory is in the sandbox.
// To keep the installed worker one file, and the exec as cheap as exec can be, it is carried as a section of this
// library: position-independent code with no data, no libc and no relocation out of the section, before which
// `claunch_init_image` puts an ELF header. It runs under the program's own uid, limits, Landlock domain and filter: pid
// 1 holds nothing worth stealing.
#define _GNU_SOURCE
#ifndef __clang__
#pragma GCC target("general-regs-only")
#endif
#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "CLaunch.h"

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("general-regs-only"))), apply_to = function)
#endif
#include "syscalls.h"

// In the section; no call of memset or memcpy in place of a loop or an assignment; and general registers alone, for a
// vector constant would be loaded from .rodata, which does not come along.
#ifdef __clang__
#define INIT_SECTION                                                                        \
    __attribute__((section("claunch_init"), used, noinline, no_stack_protector, no_builtin, \
                   no_sanitize("address", "undefined", "thread")))
#else
#define INIT_SECTION                                                            \
    __attribute__((section("claunch_init"), used, noinline, no_stack_protector, \
                   optimize("no-tree-loop-distribute-patterns")))
#endif

__asm__(
    ".pushsection claunch_init,\"ax\",@progbits\n"
    ".hidden claunch_init_main\n"
    ".hidden claunch_init_program\n"
    "claunch_init_entry:\n"
    "  xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call claunch_init_main\n"
    "  hlt\n"
    ".popsection\n");

extern const char claunch_init_entry[] __attribute__((visibility("hidden")));
extern const char __start_claunch_init[] __attribute__((visibility("hidden")));
extern const char __stop_claunch_init[] __attribute__((visibility("hidden")));

CLAUNCH_RAW uint64_t now_ns(void) {
    struct timespec now;
    raw2(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

CLAUNCH_RAW void report(uint32_t kind, int error, int wait_status, uint32_t helpers_killed) {
    struct claunch_status record;
    record.kind = kind;
    record.error = error;
    record.wait_status = wait_status;
    record.helpers_killed = helpers_killed;
    record.time_ns = now_ns();
    raw3(SYS_write, CLAUNCH_STATUS_FD, (long)&record, sizeof record);
}

// By a signal that is no request to end: those a program sends to its own helpers when it is done with them.
CLAUNCH_RAW int was_killed(int status) {
    int signal = status & 0x7f;
    return signal != 0 && signal != SIGHUP && signal != SIGINT && signal != SIGPIPE && signal != SIGTERM;
}

struct program {
    char **argv;
    char **envp;
};

// The program's side of the fork. In pid 1's memory, on the lower half of its stack.
__attribute__((noreturn)) void claunch_init_program(const struct program *program);
INIT_SECTION void claunch_init_program(const struct program *program) {
    uint64_t no_signals = 0;
    raw4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&no_signals, 0, sizeof no_signals);
    long error = -raw3(SYS_execve, (long)program->argv[0], (long)program->argv, (long)program->envp);
    report(CLAUNCH_STATUS_FAILED, (int)error, 0, 0);
    for (;;) raw1(SYS_exit_group, 127);
}

// vfork: no page table is copied, and the parent goes on only when the program was executed or has failed to be, so
// that the records are in order. The child calls `claunch_init_program`, which does not return, on a stack 16 KiB
// further down.
CLAUNCH_RAW long fork_program(const struct program *program) {
    long result;
    register long r10 __asm__("r10") = 0;  // no child tid
    register const struct program *r9 __asm__("r9") = program;
    __asm__ volatile(
        "lea -16384(%%rsp), %%rsi\n"
        "and $-16, %%rsi\n"
        "syscall\n"
        "test %%rax, %%rax\n"
        "jnz 1f\n"
        "mov %%r9, %%rdi\n"
        "call claunch_init_program\n"
        "hlt\n"
        "1:\n"
        : "=a"(result)
        : "0"(SYS_clone), "D"(CLONE_VM | CLONE_VFORK | SIGCHLD), "d"(0L), "r"(r10), "r"(r9)
        : "rsi", "rcx", "r11", "memory");
    return result;
}

// `stack` is as execve(2) left it: argc, argv, NULL, envp, NULL.
__attribute__((noreturn)) void claunch_init_main(long *stack);
INIT_SECTION void claunch_init_main(long *stack) {
    long argc = stack[0];
    struct program program;
    program.argv = (char **)(stack + 1);
    program.envp = program.argv + argc + 1;
    uint64_t all_signals = ~UINT64_C(0);
    uint64_t comm[2];
    comm[0] = UINT64_C(0x696e692d6e616373);  // "scan-ini" in memory order …
    comm[1] = UINT64_C(0x74);                // … and "t"
    raw2(SYS_prctl, PR_SET_NAME, (long)comm);

    // None of ours reaches the program. The spare one is open only with a notifying filter.
    raw3(SYS_fcntl, CLAUNCH_STATUS_FD, F_SETFD, FD_CLOEXEC);
    raw3(SYS_fcntl, CLAUNCH_SPARE_FD, F_SETFD, FD_CLOEXEC);

    long leader = fork_program(&program);
    if (leader < 0) {
        report(CLAUNCH_STATUS_FAILED, (int)-leader, 0, 0);
        raw1(SYS_exit_group, 127);
    }
    report(CLAUNCH_STATUS_STARTED, 0, 0, 0);

    // A failed exec has sent its record; the child's exit status, 127, follows as any other would.
    // Every signal is blocked since before our exec, so none is lost between two waits.
    uint32_t helpers_killed = 0;
    int is_terminating = 0;
    for (;;) {
        int info[32] __attribute__((aligned(8)));  // siginfo_t: [2] is si_code, [4] is si_pid
        long signal = raw4(SYS_rt_sigtimedwait, (long)&all_signals, (long)info, 0, sizeof all_signals);
        if (signal == SIGTERM) {
            // Only from outside, whose pid is 0 in here: the program must not be able to hide what it lost.
            if (info[2] == SI_USER && info[4] == 0) is_terminating = 1;
            raw2(SYS_kill, -1, SIGTERM);
        }
        int leader_ended = 0, leader_status = 0;
        // Those that the leader never waited for come here dead with its end. So many and no more: a program that goes
        // on forking must not keep its own end from being told.
        for (int reaped_after = 0; reaped_after < 1024; reaped_after += leader_ended) {
            int status = 0;
            long pid = raw4(SYS_wait4, -1, (long)&status, WNOHANG, 0);
            if (pid <= 0) break;
            if (pid == leader) {
                leader_ended = 1;
                leader_status = status;
            } else if (!is_terminating && was_killed(status)) {
                helpers_killed++;
            }
        }
        if (!leader_ended) continue;
        report(CLAUNCH_STATUS_EXITED, 0, leader_status, helpers_killed);
        raw1(SYS_exit_group, WIFSIGNALED(leader_status) ? 128 + WTERMSIG(leader_status) : WEXITSTATUS(leader_status));
    }
}

#ifdef __clang__
#pragma clang attribute pop
#endif

size_t claunch_init_image(void *buffer, size_t capacity) {
    const uint64_t base = 0x400000;
    const size_t headers = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);
    const size_t code = (size_t)(__stop_claunch_init - __start_claunch_init);
    const size_t start = (headers + 63) & ~(size_t)63;
    if (capacity < start + code) return 0;

    Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT, ELFOSABI_SYSV},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = base + start + (uint64_t)(claunch_init_entry - __start_claunch_init),
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 2,
        .e_shentsize = sizeof(Elf64_Shdr),
    };
    Elf64_Phdr segments[2] = {
        {.p_type = PT_LOAD,
         .p_flags = PF_R | PF_X,
         .p_vaddr = base,
         .p_paddr = base,
         .p_filesz = start + code,
         .p_memsz = start + code,
         .p_align = 4096},
        // Without this header old kernels make the stack executable.
        {.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W, .p_align = 16},
    };
    memset(buffer, 0, start);
    memcpy(buffer, &header, sizeof header);
    memcpy((char *)buffer + sizeof header, segments, sizeof segments);
    memcpy((char *)buffer + start, __start_claunch_init, code);
    return start + code;
}
