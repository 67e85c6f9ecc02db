/*
 * Sends at moments fixed beforehand, whatever the server does. A late answer
 * delays no later send, and latency counts from the moment a message was due.
 */
#ifndef TESTS_LOAD_MESHLOAD_PACE_H
#define TESTS_LOAD_MESHLOAD_PACE_H

#include "tests/load/meshload/bench.h"

struct pace {
    struct bench *bench;
    struct load *load;
    uint64_t began_ns;
    uint64_t step_ns; /* between two messages, over all connections */
    uint64_t due;     /* messages sent so far */
    uint64_t answers;
    uint64_t events;
    uint64_t counts_from; /* earlier ones are not in the latency */
    struct histogram latency;
};

/* From now on so many messages a second, each from the next client. */
void pace_start(struct pace *pace, struct bench *bench, struct load *load, unsigned rate);
/* Keeps the pace for so long. */
void pace_run(struct pace *pace, double seconds);
/* One turn of it, for who has something else to look at meanwhile. */
void pace_turn(struct pace *pace);
/* Forgets the latencies so far. */
void pace_count_anew(struct pace *pace);
/* Waits for all answers. 0 or -1. */
int pace_end(struct pace *pace);

#endif
