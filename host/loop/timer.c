/*
 * A binary heap by due time. It is fired before each wait; libuv is asked only
 * for one timer that ends the wait in time.
 */
#include "host/loop/timer.h"

#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/mem.h"
#include "host/loop/loop_private.h"

/* Keeps due_ms far from overflow. */
#define DELAY_MS_MAX (INT64_C(1000) * 60 * 60 * 24 * 366 * 10)
#define HEAP_CAPACITY_MIN 64

static bool is_before(const struct timer *a, const struct timer *b)
{
    if (a->due_ms != b->due_ms) {
        return a->due_ms < b->due_ms;
    }
    return (int32_t)(a->order - b->order) < 0; /* right across the counter's wrap */
}

static void put(struct timer_heap *heap, uint32_t index, struct timer *timer)
{
    heap->items[index] = timer;
    timer->position = index + 1;
}

static void sift_up(struct timer_heap *heap, uint32_t index)
{
    struct timer *timer = heap->items[index];
    while (index > 0) {
        uint32_t parent = (index - 1) / 2;
        if (!is_before(timer, heap->items[parent])) {
            break;
        }
        put(heap, index, heap->items[parent]);
        index = parent;
    }
    put(heap, index, timer);
}

static void sift_down(struct timer_heap *heap, uint32_t index)
{
    struct timer *timer = heap->items[index];
    for (;;) {
        uint32_t child = index * 2 + 1;
        if (child >= heap->count) {
            break;
        }
        if (child + 1 < heap->count && is_before(heap->items[child + 1], heap->items[child])) {
            child++;
        }
        if (!is_before(heap->items[child], timer)) {
            break;
        }
        put(heap, index, heap->items[child]);
        index = child;
    }
    put(heap, index, timer);
}

static void heap_add(struct timer_heap *heap, struct timer *timer)
{
    if (heap->count == heap->capacity) {
        /* Every timer is embedded in something that has its own limit, so the heap has too. */
        heap->capacity = heap->capacity == 0 ? HEAP_CAPACITY_MIN : heap->capacity * 2;
        heap->items = mem_realloc(heap->items, heap->capacity * sizeof(struct timer *));
    }
    timer->order = heap->next_order++;
    heap->items[heap->count] = timer;
    sift_up(heap, heap->count++);
}

static void heap_remove(struct timer_heap *heap, struct timer *timer)
{
    uint32_t index = timer->position - 1;
    CHECK(index < heap->count && heap->items[index] == timer);
    timer->position = 0;
    struct timer *last = heap->items[--heap->count];
    if (last != timer) {
        heap->items[index] = last;
        sift_up(heap, index);
        sift_down(heap, last->position - 1);
    }
}

void timer_open(struct timer *timer, struct loop *loop, void (*fire)(struct timer *timer))
{
    *timer = (struct timer){.loop = loop, .fire = fire};
}

void timer_start(struct timer *timer, int64_t delay_ms)
{
    timer_stop(timer);
    if (delay_ms < 0) {
        delay_ms = 0;
    }
    if (delay_ms > DELAY_MS_MAX) {
        delay_ms = DELAY_MS_MAX;
    }
    timer->due_ms = clock_steady_ms() + delay_ms;
    heap_add(&timer->loop->heap, timer);
}

void timer_stop(struct timer *timer)
{
    if (timer->position != 0) {
        heap_remove(&timer->loop->heap, timer);
    }
}

bool timer_is_armed(const struct timer *timer)
{
    return timer->position != 0;
}

int64_t timer_next_ms(struct loop *loop)
{
    if (loop->heap.count == 0) {
        return -1;
    }
    int64_t delay_ms = loop->heap.items[0]->due_ms - clock_steady_ms();
    return delay_ms < 0 ? 0 : delay_ms;
}

void timer_fire_due(struct loop *loop)
{
    struct timer_heap *heap = &loop->heap;
    if (heap->count == 0) {
        return;
    }
    int64_t now_ms = clock_steady_ms();
    uint32_t first_new = heap->next_order;
    while (heap->count > 0 && heap->items[0]->due_ms <= now_ms) {
        struct timer *timer = heap->items[0];
        if ((int32_t)(timer->order - first_new) >= 0) {
            return; /* started by a fire with no delay: the next turn's, or it could go on for ever
                     */
        }
        heap_remove(heap, timer);
        timer->fire(timer);
    }
}
