/* What the files of this folder know about a loop and nobody else does. */
#ifndef HOST_LOOP_LOOP_PRIVATE_H
#define HOST_LOOP_LOOP_PRIVATE_H

#include "host/loop/loop.h"
#include "host/loop/timer.h"

#include <stdatomic.h>
#include <uv.h>

struct timer_heap {
    struct timer **items; /* items[0] is the earliest */
    uint32_t count;
    uint32_t capacity;
    uint32_t next_order; /* two timers due at once fire in the order they were started */
};

struct loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_prepare_t before_wait;
    uv_check_t after_wait;
    uv_timer_t alarm;      /* for the earliest of our timers */
    uv_timer_t patience;   /* for loop_turn's wait_ms */
    unsigned open_handles; /* of the five above */

    _Atomic(struct letter *) posted; /* newest first */
    atomic_uint waiting;             /* letters in posted and inbox */
    atomic_uint held;
    atomic_bool stopping;
    _Atomic(uintptr_t) owner; /* the thread that runs it */

    struct letter *inbox; /* oldest first, own thread */
    struct turn_hook *hooks;
    struct turn_hook *next_hook; /* the running walk's, so that hooks may leave during it */
    struct timer_heap heap;
};

/* Fires what is due now, but nothing that was started meanwhile. */
void timer_fire_due(struct loop *loop);

#endif
