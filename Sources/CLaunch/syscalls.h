// Raw system calls: no errno, no libc, no cancellation point. They return the kernel's value, negative errno on
// failure.
#ifndef CLAUNCH_SYSCALLS_H
#define CLAUNCH_SYSCALLS_H

#ifndef __x86_64__
#error "scan-executor launches on x86_64; another architecture needs its system-call convention here and in init.c"
#endif

#define CLAUNCH_RAW static inline __attribute__((always_inline, unused))

CLAUNCH_RAW long raw6(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
CLAUNCH_RAW long raw5(long number, long a, long b, long c, long d, long e) { return raw6(number, a, b, c, d, e, 0); }
CLAUNCH_RAW long raw4(long number, long a, long b, long c, long d) { return raw6(number, a, b, c, d, 0, 0); }
CLAUNCH_RAW long raw3(long number, long a, long b, long c) { return raw6(number, a, b, c, 0, 0, 0); }
CLAUNCH_RAW long raw2(long number, long a, long b) { return raw6(number, a, b, 0, 0, 0, 0); }
CLAUNCH_RAW long raw1(long number, long a) { return raw6(number, a, 0, 0, 0, 0, 0); }
CLAUNCH_RAW long raw0(long number) { return raw6(number, 0, 0, 0, 0, 0, 0); }

#endif
