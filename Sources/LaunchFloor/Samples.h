#ifndef LAUNCH_FLOOR_SAMPLES_H
#define LAUNCH_FLOOR_SAMPLES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/// Durations in nanoseconds, all of one kind.
struct samples {
    uint64_t *nanoseconds;
    size_t count;
    size_t capacity;
};

/// CLOCK_MONOTONIC in nanoseconds.
uint64_t monotonic_now(void);

/// Room for `capacity` samples; ends the program when there is no memory.
struct samples samples_make(size_t capacity);
void samples_free(struct samples *samples);

/// Beyond the capacity a sample is dropped.
void samples_add(struct samples *samples, uint64_t nanoseconds);
void samples_add_all(struct samples *samples, const struct samples *others);

/// The nearest-rank percentile (50, 99) in microseconds; sorts the samples. 0 when there are none.
double samples_percentile(struct samples *samples, double percent);

/// A JSON string with its quotes.
void json_string(FILE *out, const char *text);

/// One row without its end, so that a caller can add fields: `{"name":…,"count":N`.
void row_begin(FILE *out, const char *name, const char *what, struct samples *samples, double per_second);
void row_end(FILE *out);

#endif
