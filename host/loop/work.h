/*
 * A bounded pool of threads for what is slow by nature: password hashing,
 * file input and output. A job runs on a pool thread and finishes on the loop
 * that submitted it.
 */
#ifndef HOST_LOOP_WORK_H
#define HOST_LOOP_WORK_H

struct loop;
struct pool;

#include "host/loop/loop.h"

#define WORK_QUEUE_MAX 1024 /* jobs waiting for a thread */

struct work {
    struct letter letter;            /* the pool's */
    struct loop *loop;               /* the pool's */
    struct work *next;               /* the pool's */
    void (*run)(struct work *work);  /* on a pool thread */
    void (*done)(struct work *work); /* later, on the loop; may free the work */
};

/* threads 1 to 64. */
struct pool *pool_new(unsigned threads);
/* Finishes what was submitted, joins the threads. */
void pool_free(struct pool *pool);
/* 0, or ERR_FULL: then done will not be called and the work is still the caller's. */
int work_submit(struct pool *pool, struct loop *loop, struct work *work);

#endif
