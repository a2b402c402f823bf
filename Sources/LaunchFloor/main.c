#define _GNU_SOURCE
#include "Commands.h"
#include "Filter.h"
#include "Loop.h"
#include "Sandbox.h"
#include "StaticProgram.h"
#include "Steps.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: LaunchFloor [options]              launch --count sandboxes, print one JSON row\n"
    "       LaunchFloor --steps [options]      print what every step costs, and the other ways to do it\n"
    "       LaunchFloor --write-program PATH   write the static program that all rows run\n"
    "       LaunchFloor --write-filter PATH    write the seccomp filter, raw instructions\n"
    "       LaunchFloor time [--count N] [--warm-up N] NAME WHAT [--open FD PATH]... PROGRAM ARGUMENT... [';;' ...]\n"
    "                                          time whole commands in turn, print a JSON row each\n"
    "\n"
    "  --count N         launches that are measured (1000)\n"
    "  --warm-up N       launches before them (50)\n"
    "  --concurrency K   threads that launch at the same time (1)\n"
    "  --pause-us N      wait after each launch (0)\n"
    "  --root METHOD     template: the launching thread lives in a mount namespace that holds only the root (default)\n"
    "                    pivot: each child binds the root and pivots out of the host's mounts\n"
    "  --bpf FILE        seccomp filter, raw instructions (default: a built-in allow-list of 20)\n"
    "  --cgroup DIR      an existing cgroup v2 directory to work in (default: the unified mount's root)\n"
    "  --name, --what    of the row\n";

static int write_file(const char *path, const struct sock_fprog *filter) {
    unlink(path);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, filter ? 0644 : 0755);
    if (file < 0) goto failed;
    if (filter) {
        size_t bytes = filter->len * sizeof *filter->filter;
        if (write(file, filter->filter, bytes) != (ssize_t)bytes) goto failed;
    } else if (static_program_write(file) < 0 || fchmod(file, 0755) < 0) {
        goto failed;
    }
    if (close(file) == 0) return 0;
failed:
    fprintf(stderr, "launch-floor: %s: %s\n", path, strerror(errno));
    return 73;
}

static void interrupt(int number) {
    (void)number;
    sandbox_interrupted = 1;
}

/// A hybrid host has version 2 below the version 1 tree.
static const char *unified_mount(void) {
    const char *hybrid = "/sys/fs/cgroup/unified";
    return access("/sys/fs/cgroup/cgroup.controllers", F_OK) != 0 && access(hybrid, F_OK) == 0 ? hybrid
                                                                                               : "/sys/fs/cgroup";
}

static size_t number(const char *text, size_t least) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *text == '-' || end == text || *end || value < least || value > 100000000) {
        fprintf(stderr, "launch-floor: not a number from %zu: %s\n", least, text);
        exit(64);
    }
    return (size_t)value;
}

enum { BPF = 1, CGROUP, CONCURRENCY, COUNT, FILTER, HELP, NAME, PAUSE, PROGRAM, ROOT, STEPS, WARM_UP, WHAT };

static const struct option options[] = {
    {"bpf", required_argument, NULL, BPF},
    {"cgroup", required_argument, NULL, CGROUP},
    {"concurrency", required_argument, NULL, CONCURRENCY},
    {"count", required_argument, NULL, COUNT},
    {"help", no_argument, NULL, HELP},
    {"name", required_argument, NULL, NAME},
    {"pause-us", required_argument, NULL, PAUSE},
    {"root", required_argument, NULL, ROOT},
    {"steps", no_argument, NULL, STEPS},
    {"warm-up", required_argument, NULL, WARM_UP},
    {"what", required_argument, NULL, WHAT},
    {"write-program", required_argument, NULL, PROGRAM},
    {"write-filter", required_argument, NULL, FILTER},
    {NULL, 0, NULL, 0},
};

int main(int argc, char **argv) {
    struct loop loop = {
        .name = "floor",
        .what = "C: cgroup, five namespaces, read-only root, filter, exec, teardown",
        .count = 1000,
        .warm_up = 50,
        .threads = 1,
    };
    struct sandbox sandbox = {.method = ROOT_TEMPLATE, .filter = filter_small()};
    const char *cgroup = unified_mount(), *program = NULL, *filter = NULL;
    bool steps = false, time = argc > 1 && strcmp(argv[1], "time") == 0;
    if (time) optind = 2;
    // "+": a command's own options are not ours.
    for (int option; (option = getopt_long(argc, argv, "+", options, NULL)) != -1;) {
        switch (option) {
            case BPF:
                if (filter_read(optarg, &sandbox.filter) < 0) {
                    fprintf(stderr, "launch-floor: %s: %s\n", optarg, strerror(errno));
                    return 66;
                }
                break;
            case CGROUP:
                cgroup = optarg;
                break;
            case CONCURRENCY:
                loop.threads = (unsigned)number(optarg, 1);
                break;
            case COUNT:
                loop.count = number(optarg, 1);
                break;
            case FILTER:
                filter = optarg;
                break;
            case HELP:
                fputs(usage, stdout);
                return 0;
            case NAME:
                loop.name = optarg;
                break;
            case PAUSE:
                loop.pause_us = (unsigned)number(optarg, 0);
                break;
            case PROGRAM:
                program = optarg;
                break;
            case ROOT:
                if (strcmp(optarg, "pivot") == 0)
                    sandbox.method = ROOT_PIVOT;
                else if (strcmp(optarg, "template") != 0)
                    goto wrong;
                break;
            case STEPS:
                steps = true;
                break;
            case WARM_UP:
                loop.warm_up = number(optarg, 0);
                break;
            case WHAT:
                loop.what = optarg;
                break;
            default:
                goto wrong;
        }
    }
    if (program) return write_file(program, NULL);
    if (filter) return write_file(filter, &sandbox.filter);
    if (time) return commands_time(argv + optind, loop.count, loop.warm_up);
    if (optind < argc) goto wrong;

    struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    int result = sandbox_open(&sandbox, cgroup);
    if (result == 0) result = sandbox_check(&sandbox);
    if (result == 0) result = steps ? steps_print(&sandbox, loop.count) : loop_run(&sandbox, &loop);
    sandbox_close(&sandbox);
    return result == 0 ? 0 : 70;
wrong:
    fputs(usage, stderr);
    return 64;
}
