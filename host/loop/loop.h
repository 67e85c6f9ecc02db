/*
 * One thread's event loop: a libuv loop, a mailbox that other threads post
 * to, and the moments "before it waits" and "after it was woken", where
 * everything collected during a turn is written out.
 */
#ifndef HOST_LOOP_LOOP_H
#define HOST_LOOP_LOOP_H

#include <stdbool.h>
#include <stddef.h>

struct loop;

#define LOOP_MAILBOX_MAX 65536 /* letters waiting for one loop */

/*
 * A message to another thread's loop. The sender embeds it in what he sends
 * and sets deliver; it is the loop's until deliver is called on its thread,
 * which may free or reuse it.
 */
struct letter {
    struct letter *next;
    void (*deliver)(struct letter *letter);
};

/* Called at the end of each turn, before the loop waits; see loop_on_turn. */
struct turn_hook {
    void (*run)(struct turn_hook *hook);
    struct turn_hook *next;
};

struct loop *loop_new(void);
/*
 * The loop has stopped and every handle, timer and hook of others is closed: CHECKs that. Letters
 * that still wait are delivered first, on the calling thread.
 */
void loop_free(struct loop *loop);

/* Runs on the calling thread until loop_stop; the letters posted before are delivered first. */
void loop_run(struct loop *loop);
/* Any thread. */
void loop_stop(struct loop *loop);
/* One turn: waits for at most wait_ms (0 polls, -1 until something happens). For tests and
 * simulations. */
void loop_turn(struct loop *loop, int wait_ms);

/* Any thread. 0, or ERR_FULL when LOOP_MAILBOX_MAX letters wait: the letter is still the caller's.
 */
int loop_post(struct loop *loop, struct letter *letter);
/* Any thread. For answers to a request that was itself bounded: never refused. */
void loop_post_answer(struct loop *loop, struct letter *letter);

/* Own thread. The hook is called after timers and again after input, until it is removed. */
void loop_on_turn(struct loop *loop, struct turn_hook *hook);
void loop_off_turn(struct loop *loop, struct turn_hook *hook);

/*
 * For tests that must know when everything is done. Whoever starts something on
 * another thread that will post to this loop holds it until that is delivered
 * (any thread; the pool does so for its work).
 */
void loop_hold(struct loop *loop);
void loop_unhold(struct loop *loop);
/* No letter waits, no timer is due, nobody holds it. Bytes in the kernel are not seen. */
bool loop_is_idle(struct loop *loop);
/* Turns until it is idle, waiting for whoever holds it. */
void loop_settle(struct loop *loop);

bool loop_is_current(const struct loop *loop);
/* The uv_loop_t, for libraries that bring their own handles. */
void *loop_native(struct loop *loop);

#endif
