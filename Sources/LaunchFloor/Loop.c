#define _GNU_SOURCE
#include "Loop.h"
#include "Samples.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct shared {
    const struct sandbox *sandbox;
    const struct loop *loop;
    pthread_barrier_t warm;
    atomic_size_t left;
    atomic_bool failed;
    _Atomic uint64_t begin, end;
};

struct worker {
    struct shared *shared;
    unsigned number;
    pthread_t thread;
    struct samples samples;
};

static bool launch(struct worker *worker, struct launcher *launcher, bool keep) {
    struct shared *shared = worker->shared;
    if (launcher_run(launcher) < 0) {
        atomic_store(&shared->failed, true);
        return false;
    }
    if (keep) samples_add(&worker->samples, launcher->moments[MOMENT_REMOVED] - launcher->moments[MOMENT_START]);
    if (shared->loop->pause_us) usleep(shared->loop->pause_us);
    return true;
}

static void *work(void *argument) {
    struct worker *worker = argument;
    struct shared *shared = worker->shared;
    struct launcher launcher;
    bool ready = launcher_open(&launcher, shared->sandbox, worker->number) == 0;
    if (!ready) atomic_store(&shared->failed, true);
    size_t warm_up = shared->loop->warm_up / shared->loop->threads + 1;
    for (size_t i = 0; ready && i < warm_up; i++) ready = launch(worker, &launcher, false);
    pthread_barrier_wait(&shared->warm);
    uint64_t unset = 0;
    atomic_compare_exchange_strong(&shared->begin, &unset, monotonic_now());
    while (ready && !atomic_load(&shared->failed)) {
        size_t left = atomic_load(&shared->left);
        while (left && !atomic_compare_exchange_weak(&shared->left, &left, left - 1)) {
        }
        if (left == 0) break;
        ready = launch(worker, &launcher, true);
    }
    uint64_t now = monotonic_now(), end = atomic_load(&shared->end);
    while (end < now && !atomic_compare_exchange_weak(&shared->end, &end, now)) {
    }
    launcher_close(&launcher);
    return NULL;
}

int loop_run(const struct sandbox *sandbox, const struct loop *loop) {
    struct shared shared = {.sandbox = sandbox, .loop = loop};
    atomic_init(&shared.left, loop->count);
    pthread_barrier_init(&shared.warm, NULL, loop->threads);
    struct worker *workers = calloc(loop->threads, sizeof *workers);
    if (workers == NULL) return -1;
    struct samples all = samples_make(loop->count);
    for (unsigned i = 0; i < loop->threads; i++) {
        workers[i] = (struct worker){.shared = &shared, .number = i + 1, .samples = samples_make(loop->count)};
        int error = pthread_create(&workers[i].thread, NULL, work, &workers[i]);
        if (error) {
            // The others wait for all at the barrier; there is nothing to save here.
            fprintf(stderr, "launch-floor: starting thread %u: %s\n", i, strerror(error));
            exit(71);
        }
    }
    for (unsigned i = 0; i < loop->threads; i++) {
        pthread_join(workers[i].thread, NULL);
        samples_add_all(&all, &workers[i].samples);
        samples_free(&workers[i].samples);
    }
    double seconds = (double)(atomic_load(&shared.end) - atomic_load(&shared.begin)) / 1e9;
    bool failed = atomic_load(&shared.failed);
    if (!failed) {
        row_begin(stdout, loop->name, loop->what, &all, (double)all.count / seconds);
        row_end(stdout);
    }
    samples_free(&all);
    free(workers);
    pthread_barrier_destroy(&shared.warm);
    return failed ? -1 : 0;
}
