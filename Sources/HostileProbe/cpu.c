// Processor time: of one process, and of many that are each gone before any limit of their own could count them.
#define _GNU_SOURCE
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

// Uses so much processor time of this process.
static void burn(long milliseconds) {
    struct timespec now, start;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    do {
        for (volatile int i = 0; i < 10000; i++) {
        }
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < milliseconds);
}

static int cpu_spin(char **args) {
    (void)args;
    burn(24L * 3600 * 1000);
    return succeeded("a day of processor time");
}

static int cpu_control(char **args) {
    (void)args;
    burn(1);
    return allowed("a millisecond of processor time");
}

static int cpu_quota(char **args) {
    burn((long)number(args, 0));
    return done("the processor time was used, at the quota's speed");
}

// A thousand, each under a limit of a second of its own that it never meets.
static int short_burners(char **args) {
    long milliseconds = (long)number(args, 0);
    struct rlimit second = {1, 1};
    setrlimit(RLIMIT_CPU, &second);
    for (int i = 0; i < 1000; i++) {
        int child = fork_or_end();
        if (child == 0) {
            burn(milliseconds);
            _exit(0);
        }
        if (wait_for(child) != 0) return untried("a burner was ended by a limit of its own");
    }
    return succeeded("a thousand burners ran to their end");
}

static int burners_control(char **args) {
    (void)args;
    int child = fork_or_end();
    if (child == 0) {
        burn(1);
        _exit(0);
    }
    return wait_for(child) == 0 ? allowed("one burner of a millisecond") : denied("burner");
}

const struct probe_case cpu_cases[] = {
    {"cpu-spin", cpu_spin, cpu_control, NULL},
    {"cpu-quota", cpu_quota, cpu_control, NULL},
    {"short-burners", short_burners, burners_control, NULL},
    {NULL, NULL, NULL, NULL},
};
