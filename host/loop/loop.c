/*
 * A turn: timers, hooks, wait and input (letters among it), hooks. The hooks
 * run twice, so that what a timer queued leaves before the wait and what
 * input queued leaves before the next timers.
 *
 * The mailbox is a stack that senders push to with one compare-and-swap. The
 * loop takes all of it with one exchange and turns it round. Only whoever
 * pushes to an empty stack wakes the loop: the others know it has been woken.
 */
#include "host/loop/loop.h"

#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/loop/loop_private.h"

#define LETTERS_A_TURN 1024 /* more would let sockets wait */

static _Thread_local char this_thread; /* its address is the thread's name */

static void take_posted(struct loop *loop);
static void deliver_letters(struct loop *loop, unsigned count_max);
static void run_hooks(struct loop *loop);
static void arm_alarm(struct loop *loop);

static void wake_cb(uv_async_t *handle)
{
    struct loop *loop = handle->data;
    deliver_letters(loop, LETTERS_A_TURN);
    if (loop->inbox != NULL || atomic_load(&loop->posted) != NULL) {
        (void)uv_async_send(&loop->wake);
    } else if (atomic_load(&loop->stopping)) {
        uv_stop(&loop->uv);
    }
}

static void before_wait_cb(uv_prepare_t *handle)
{
    struct loop *loop = handle->data;
    timer_fire_due(loop);
    run_hooks(loop);
    arm_alarm(loop);
}

static void after_wait_cb(uv_check_t *handle)
{
    run_hooks(handle->data);
}

/* Its only work is to end the wait. */
static void alarm_cb(uv_timer_t *handle)
{
    (void)handle;
}

struct loop *loop_new(void)
{
    struct loop *loop = mem_alloc(sizeof(*loop));
    CHECK(uv_loop_init(&loop->uv) == 0);
    CHECK(uv_async_init(&loop->uv, &loop->wake, wake_cb) == 0);
    CHECK(uv_prepare_init(&loop->uv, &loop->before_wait) == 0);
    CHECK(uv_check_init(&loop->uv, &loop->after_wait) == 0);
    CHECK(uv_timer_init(&loop->uv, &loop->alarm) == 0);
    CHECK(uv_timer_init(&loop->uv, &loop->patience) == 0);
    loop->wake.data = loop;
    loop->before_wait.data = loop;
    loop->after_wait.data = loop;
    loop->alarm.data = loop;
    loop->patience.data = loop;
    loop->open_handles = 5;
    CHECK(uv_prepare_start(&loop->before_wait, before_wait_cb) == 0);
    CHECK(uv_check_start(&loop->after_wait, after_wait_cb) == 0);
    atomic_store(&loop->owner, (uintptr_t)&this_thread);
    return loop;
}

static void own_handle_closed_cb(uv_handle_t *handle)
{
    struct loop *loop = handle->data;
    loop->open_handles--;
}

void loop_free(struct loop *loop)
{
    while (atomic_load(&loop->waiting) > 0) {
        deliver_letters(loop, LETTERS_A_TURN);
    }
    CHECK(loop->heap.count == 0);
    CHECK(loop->hooks == NULL);
    uv_close((uv_handle_t *)&loop->wake, own_handle_closed_cb);
    uv_close((uv_handle_t *)&loop->before_wait, own_handle_closed_cb);
    uv_close((uv_handle_t *)&loop->after_wait, own_handle_closed_cb);
    uv_close((uv_handle_t *)&loop->alarm, own_handle_closed_cb);
    uv_close((uv_handle_t *)&loop->patience, own_handle_closed_cb);
    while (loop->open_handles > 0) {
        (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
    }
    CHECK(uv_loop_close(&loop->uv) == 0);
    mem_free(loop->heap.items);
    mem_free(loop);
}

void loop_run(struct loop *loop)
{
    atomic_store(&loop->owner, (uintptr_t)&this_thread);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    atomic_store(&loop->stopping, false);
}

void loop_stop(struct loop *loop)
{
    atomic_store(&loop->stopping, true);
    (void)uv_async_send(&loop->wake);
}

void loop_turn(struct loop *loop, int wait_ms)
{
    atomic_store(&loop->owner, (uintptr_t)&this_thread);
    if (timer_next_ms(loop) == 0) {
        wait_ms = 0; /* a timer that fires is something that happened */
    }
    if (wait_ms > 0) {
        uv_update_time(&loop->uv);
        CHECK(uv_timer_start(&loop->patience, alarm_cb, (uint64_t)wait_ms, 0) == 0);
    }
    (void)uv_run(&loop->uv, wait_ms == 0 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    (void)uv_timer_stop(&loop->patience);
}

static void post(struct loop *loop, struct letter *letter)
{
    struct letter *newest = atomic_load_explicit(&loop->posted, memory_order_relaxed);
    do {
        letter->next = newest;
    } while (!atomic_compare_exchange_weak_explicit(&loop->posted, &newest, letter,
                                                    memory_order_acq_rel, memory_order_relaxed));
    /* From here on the letter may be delivered and freed. */
    if (newest == NULL) {
        (void)uv_async_send(&loop->wake);
    }
}

int loop_post(struct loop *loop, struct letter *letter)
{
    if (atomic_fetch_add(&loop->waiting, 1) >= LOOP_MAILBOX_MAX) {
        atomic_fetch_sub(&loop->waiting, 1);
        return ERR_FULL;
    }
    post(loop, letter);
    return 0;
}

void loop_post_answer(struct loop *loop, struct letter *letter)
{
    atomic_fetch_add(&loop->waiting, 1);
    post(loop, letter);
}

/* Moves what was posted to the inbox, which must be empty. */
static void take_posted(struct loop *loop)
{
    struct letter *letter = atomic_exchange_explicit(&loop->posted, NULL, memory_order_acquire);
    while (letter != NULL) {
        struct letter *older = letter->next;
        letter->next = loop->inbox;
        loop->inbox = letter;
        letter = older;
    }
}

static void deliver_letters(struct loop *loop, unsigned count_max)
{
    for (unsigned i = 0; i < count_max; i++) {
        if (loop->inbox == NULL) {
            take_posted(loop);
        }
        struct letter *letter = loop->inbox;
        if (letter == NULL) {
            return;
        }
        loop->inbox = letter->next;
        atomic_fetch_sub(&loop->waiting, 1);
        letter->deliver(letter);
    }
}

void loop_on_turn(struct loop *loop, struct turn_hook *hook)
{
    hook->next = loop->hooks;
    loop->hooks = hook;
}

void loop_off_turn(struct loop *loop, struct turn_hook *hook)
{
    struct turn_hook **link = &loop->hooks;
    while (*link != hook) {
        CHECK(*link != NULL);
        link = &(*link)->next;
    }
    *link = hook->next;
    if (loop->next_hook == hook) {
        loop->next_hook = hook->next;
    }
}

static void run_hooks(struct loop *loop)
{
    struct turn_hook *hook = loop->hooks;
    while (hook != NULL) {
        loop->next_hook = hook->next;
        hook->run(hook);
        hook = loop->next_hook;
    }
}

/* A test's clock stands still while we wait, so it never rings. */
static void arm_alarm(struct loop *loop)
{
    int64_t delay_ms = timer_next_ms(loop);
    if (delay_ms < 0 || (clock_is_test() && delay_ms > 0)) {
        (void)uv_timer_stop(&loop->alarm);
        return;
    }
    CHECK(uv_timer_start(&loop->alarm, alarm_cb, (uint64_t)delay_ms, 0) == 0);
}

bool loop_is_current(const struct loop *loop)
{
    return atomic_load_explicit(&loop->owner, memory_order_relaxed) == (uintptr_t)&this_thread;
}

void *loop_native(struct loop *loop)
{
    return &loop->uv;
}

void loop_hold(struct loop *loop)
{
    atomic_fetch_add(&loop->held, 1);
}

void loop_unhold(struct loop *loop)
{
    CHECK(atomic_fetch_sub(&loop->held, 1) > 0);
}

bool loop_is_idle(struct loop *loop)
{
    return atomic_load(&loop->held) == 0 && atomic_load(&loop->waiting) == 0 &&
           timer_next_ms(loop) != 0;
}

void loop_settle(struct loop *loop)
{
    do {
        bool waits_for_thread = atomic_load(&loop->held) > 0 && atomic_load(&loop->waiting) == 0 &&
                                timer_next_ms(loop) != 0;
        loop_turn(loop, waits_for_thread ? -1 : 0);
    } while (!loop_is_idle(loop));
}
