/* Latencies in buckets less than 1 % wide, so that a run may be as long as it likes. */
#ifndef TESTS_LOAD_MESHLOAD_HISTOGRAM_H
#define TESTS_LOAD_MESHLOAD_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS 128 /* buckets between a power of two and the next */
#define HISTOGRAM_BUCKETS (HISTOGRAM_STEPS * 58)

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
    uint64_t max;
};

void histogram_clear(struct histogram *histogram);
void histogram_add(struct histogram *histogram, uint64_t value);
/* The value that this share (0.99) of all does not exceed; 0 without any. */
uint64_t histogram_at(const struct histogram *histogram, double share);

#endif
