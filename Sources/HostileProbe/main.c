// scan-probe: attacks on the sandbox that it runs in, each beside a control that does something permitted of the same
// kind. `scan-executor doctor --prove` and the tests run it; docs/proof.md lists the attacks. What came of one is a
// line on stdout and the exit code: see probe.h.
//
//   scan-probe list                        the names, one a line
//   scan-probe host                        outside of a sandbox: the names of attacks on what this kernel has not
//   scan-probe NAME [ARGUMENT ...]         an attack
//   scan-probe NAME --control [ARG ...]    its control
//   scan-probe identity | canary | hold    helpers of the others
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "helpers.h"
#include "probe.h"

static const struct probe_case *const families[] = {
    memory_cases, process_cases,    cpu_cases,       file_cases,   survival_cases, tracing_cases,
    kernel_cases, namespace_cases,  entry_cases,     procfs_cases, terminal_cases, socket_cases,
    host_cases,   descriptor_cases, privilege_cases, output_cases, task_cases,
};

static void each_case(void (*body)(const struct probe_case *)) {
    for (size_t family = 0; family < sizeof families / sizeof *families; family++)
        for (const struct probe_case *one = families[family]; one->name; one++) body(one);
}

static const struct probe_case *sought;
static const char *sought_name;
static void seek(const struct probe_case *one) {
    if (strcmp(one->name, sought_name) == 0) sought = one;
}

static void print_name(const struct probe_case *one) { puts(one->name); }

static void print_absent(const struct probe_case *one) {
    if (one->host && !one->host()) puts(one->name);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "scan-probe: name an attack; 'scan-probe list' prints them\n");
        return PROBE_USAGE;
    }
    char **args = argv + 2;
    if (strcmp(argv[1], "list") == 0) {
        each_case(print_name);
        return 0;
    }
    if (strcmp(argv[1], "host") == 0) {
        // Before a check that forks.
        setvbuf(stdout, NULL, _IOLBF, 0);
        each_case(print_absent);
        return 0;
    }
    if (strcmp(argv[1], "identity") == 0) return helper_identity();
    if (strcmp(argv[1], "canary") == 0) return helper_canary();
    if (strcmp(argv[1], "hold") == 0) return helper_hold(args);

    sought_name = argv[1];
    each_case(seek);
    if (!sought) {
        fprintf(stderr, "scan-probe: unknown attack %s\n", argv[1]);
        return PROBE_USAGE;
    }
    if (args[0] && strcmp(args[0], "--control") == 0) return sought->control(args + 1);
    return sought->attack(args);
}
