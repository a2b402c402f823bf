// Processes and threads without end, and descriptors. The leader fails as soon as it has been refused often enough: no
// clock decides.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

enum { refusals_wanted = 64 };

// Every process forks for ever.
static int fork_bomb(char **args) {
    (void)args;
    int leader = getpid(), refusals = 0;
    while (refusals < refusals_wanted) {
        if (fork() < 0 && getpid() == leader) refusals++;
    }
    attack_result("fork", -1);
    return PROBE_FAILED;
}

static int fork_control(char **args) {
    (void)args;
    for (int i = 0; i < 8; i++) {
        int child = fork();
        if (child < 0) return denied("fork");
        if (child == 0) _exit(0);
        if (wait_for(child) != 0) return denied("fork");
    }
    return allowed("eight processes, one after the other");
}

static void *thread_body(void *nothing) {
    (void)nothing;
    wait_forever();
}

static void *short_thread(void *nothing) { return nothing; }

static int thread_bomb(char **args) {
    (void)args;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 16384);
    int error = 0;
    for (int refusals = 0; refusals < refusals_wanted;) {
        pthread_t thread;
        int result = pthread_create(&thread, &attributes, thread_body, NULL);
        if (result == 0) continue;
        error = result;
        refusals++;
    }
    errno = error;
    attack_result("thread", -1);
    return PROBE_FAILED;
}

static int thread_control(char **args) {
    (void)args;
    for (int i = 0; i < 8; i++) {
        pthread_t thread;
        errno = pthread_create(&thread, NULL, short_thread, NULL);
        if (errno != 0) return denied("thread");
        pthread_join(thread, NULL);
    }
    return allowed("eight threads, one after the other");
}

// Opens up to `count` files; returns how many could be.
static long long open_many(long long count) {
    long long opened = 0;
    while (opened < count && open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0) opened++;
    return opened;
}

static int descriptor_exhaustion(char **args) {
    long long limit = number(args, 0);
    long long opened = open_many(limit);
    if (opened >= limit) return succeeded("%lld files are open", opened);
    return attack_result("open", -1);
}

static int descriptor_control(char **args) {
    long long wanted = number(args, 0) / 2;
    return control_result("open", open_many(wanted) == wanted ? 0 : -1);
}

const struct probe_case process_cases[] = {
    {"fork-bomb", fork_bomb, fork_control, NULL},
    {"thread-bomb", thread_bomb, thread_control, NULL},
    {"descriptor-exhaustion", descriptor_exhaustion, descriptor_control, NULL},
    {NULL, NULL, NULL, NULL},
};
