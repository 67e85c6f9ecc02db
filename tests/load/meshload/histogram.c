#include "tests/load/meshload/histogram.h"

#include <string.h>

#define STEP_BITS 7 /* of HISTOGRAM_STEPS */

void histogram_clear(struct histogram *h)
{
    memset(h, 0, sizeof(*h));
}

/* Values below HISTOGRAM_STEPS have a bucket each; above, the highest 8 bits choose. */
static unsigned bucket_of(uint64_t value)
{
    if (value < HISTOGRAM_STEPS) {
        return (unsigned)value;
    }
    unsigned shift = 63U - (unsigned)__builtin_clzll(value) - STEP_BITS;
    return (shift + 1) * HISTOGRAM_STEPS + (unsigned)(value >> shift) - HISTOGRAM_STEPS;
}

static uint64_t value_of(unsigned bucket)
{
    if (bucket < HISTOGRAM_STEPS) {
        return bucket;
    }
    unsigned shift = bucket / HISTOGRAM_STEPS - 1;
    return (uint64_t)(bucket % HISTOGRAM_STEPS + HISTOGRAM_STEPS) << shift;
}

void histogram_add(struct histogram *h, uint64_t value)
{
    h->counts[bucket_of(value)]++;
    h->total++;
    h->max = value > h->max ? value : h->max;
}

uint64_t histogram_at(const struct histogram *h, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)h->total);
    uint64_t seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->counts[i];
        if (seen > wanted) {
            return value_of(i);
        }
    }
    return h->max;
}
