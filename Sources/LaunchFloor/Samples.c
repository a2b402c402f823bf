#include "Samples.h"

#include <stdlib.h>
#include <time.h>

uint64_t monotonic_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct samples samples_make(size_t capacity) {
    struct samples samples = {.capacity = capacity};
    samples.nanoseconds = calloc(capacity ? capacity : 1, sizeof(uint64_t));
    if (samples.nanoseconds == NULL) {
        perror("launch-floor: samples");
        exit(70);
    }
    return samples;
}

void samples_free(struct samples *samples) {
    free(samples->nanoseconds);
    *samples = (struct samples){0};
}

void samples_add(struct samples *samples, uint64_t nanoseconds) {
    if (samples->count < samples->capacity) samples->nanoseconds[samples->count++] = nanoseconds;
}

void samples_add_all(struct samples *samples, const struct samples *others) {
    for (size_t i = 0; i < others->count; i++) samples_add(samples, others->nanoseconds[i]);
}

static int ascending(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

double samples_percentile(struct samples *samples, double percent) {
    if (samples->count == 0) return 0;
    qsort(samples->nanoseconds, samples->count, sizeof(uint64_t), ascending);
    double rank = percent / 100 * (double)samples->count;
    size_t index = (size_t)rank;
    if ((double)index == rank && index > 0) index--;
    if (index >= samples->count) index = samples->count - 1;
    return (double)samples->nanoseconds[index] / 1000;
}

void json_string(FILE *out, const char *text) {
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20)
            fprintf(out, "\\u%04x", *c);
        else
            fputc(*c, out);
    }
    fputc('"', out);
}

void row_begin(FILE *out, const char *name, const char *what, struct samples *samples, double per_second) {
    fputs("{\"name\":", out);
    json_string(out, name);
    fputs(",\"what\":", out);
    json_string(out, what);
    fprintf(out, ",\"p50_us\":%.1f,\"p99_us\":%.1f,\"per_second\":%.1f,\"count\":%zu", samples_percentile(samples, 50),
            samples_percentile(samples, 99), per_second, samples->count);
}

void row_end(FILE *out) {
    fputs("}\n", out);
    fflush(out);
}
