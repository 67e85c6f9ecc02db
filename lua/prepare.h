/*
 * Preparing on a worker: builds the new cells beside the old ones, runs start
 * and probe. Nothing of it is seen by any event until the flip.
 */
#ifndef LUA_PREPARE_H
#define LUA_PREPARE_H

#include "lua/core.h"

#define PREPARE_MESSAGE_MAX 1024

struct preparation {
    struct letter letter;            /* to the worker, and back with the outcome */
    struct generation *const *fresh; /* lent until it is back */
    size_t fresh_count;
    unsigned worker;
    int err;
    char message[PREPARE_MESSAGE_MAX];
    void (*prepared)(struct preparation *preparation); /* on the main thread */
    /* The worker's. */
    size_t index;
};

/* From the main thread. prepared is called there, once. */
void prepare_start(struct runtime *runtime, struct preparation *preparation);

#endif
