/*
 * One-shot timers on a loop, in a heap of our own so that a test's clock moves
 * them: they follow clock_steady_ms.
 */
#ifndef HOST_LOOP_TIMER_H
#define HOST_LOOP_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct timer {
    struct loop *loop;
    void (*fire)(struct timer *timer);
    int64_t due_ms;
    uint32_t position; /* in the heap; 0 when not armed */
    uint32_t order;    /* of timers due at the same time */
};

/* In place; arms nothing. */
void timer_open(struct timer *timer, struct loop *loop, void (*fire)(struct timer *timer));
/* Arms it, or moves it. The timer may be started again from its fire. Own thread only. */
void timer_start(struct timer *timer, int64_t delay_ms);
/* Afterwards the struct may be freed. */
void timer_stop(struct timer *timer);
bool timer_is_armed(const struct timer *timer);
/* How long until the loop's next timer, in ms; -1 if none. */
int64_t timer_next_ms(struct loop *loop);

#endif
