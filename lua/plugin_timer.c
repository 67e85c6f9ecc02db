#include "lua/plugin_timer.h"

#include "host/base/log.h"
#include "host/base/mem.h"
#include "lua/event.h"
#include "lua/pack.h"

#include <string.h>

struct plugin_timer {
    struct list node;
    struct timer timer;
    struct runtime_worker *worker;
    struct slot *slot;
    uint64_t id;
    double every_s; /* 0: once */
    bool is_firing;
    bool is_over; /* ended while it fired: freed after it */
    char *name;
    char *data; /* packed, or NULL */
    size_t data_bytes;
};

static void plugin_timer_free(struct plugin_timer *timer)
{
    mem_free(timer->name);
    mem_free(timer->data);
    mem_free(timer);
}

/* It is found no more; freed now, or when its handler has returned. */
static void plugin_timer_end(struct plugin_timer *timer)
{
    timer_stop(&timer->timer);
    list_remove(&timer->node);
    timer->slot->timers_count--;
    timer->is_over = true;
    if (!timer->is_firing) {
        plugin_timer_free(timer);
    }
}

static int push_data(lua_State *L, struct event *event)
{
    if (!event->packed.len || pack_push(L, event->packed)) {
        lua_pushnil(L);
    }
    return 1;
}

static void nothing_to_finish(struct event *event)
{
    (void)event; /* its failure is in the log */
}

static void run_handler(struct plugin_timer *timer, struct snapshot *snapshot)
{
    const struct target *target =
        snapshot_find(snapshot, bytes_of(timer->slot->name), ENTRY_TIMER, bytes_of(timer->name));
    if (!target) {
        LOG(LOG_WARN, "plugin", "a timer fired that the plugin no longer handles",
            LOG_TEXT("plugin", timer->slot->name), LOG_TEXT("timer", timer->name));
        worker_leave(timer->worker, snapshot);
        return;
    }
    struct event *event = event_new(timer->worker, snapshot, target);
    event->push = push_data;
    event->finish = nothing_to_finish;
    event->packed = (struct bytes){timer->data, timer->data_bytes};
    event_run(event);
}

static void plugin_timer_fire(struct timer *base)
{
    struct plugin_timer *timer = LIST_ITEM(base, struct plugin_timer, timer);
    /* Admitting may hand over to a generation that does not declare it any more, and the handler
     * may cancel it. */
    timer->is_firing = true;
    struct snapshot *snapshot = worker_admit(timer->worker);
    if (snapshot && !timer->is_over) {
        run_handler(timer, snapshot);
    } else if (snapshot) {
        worker_leave(timer->worker, snapshot);
    }
    timer->is_firing = false;
    if (timer->is_over) {
        plugin_timer_free(timer);
    } else if (timer->every_s > 0) {
        timer_start(&timer->timer, (int64_t)(timer->every_s * 1000));
    } else {
        plugin_timer_end(timer);
    }
}

static struct plugin_timer *plugin_timer_new(struct runtime_worker *worker, struct slot *slot,
                                             const char *name, struct bytes packed)
{
    static _Atomic uint64_t ids;
    struct plugin_timer *timer = mem_alloc(sizeof(*timer));
    timer->worker = worker;
    timer->slot = slot;
    timer->id = ++ids;
    timer->name = mem_copy_text(name, strlen(name));
    if (packed.len) {
        timer->data = mem_copy_text(packed.data, packed.len);
        timer->data_bytes = packed.len;
    }
    timer_open(&timer->timer, worker->loop, plugin_timer_fire);
    list_append(&slot->timers, &timer->node);
    slot->timers_count++;
    return timer;
}

uint64_t plugin_timer_start(struct plugin_cell *cell, const char *name, double seconds,
                            struct bytes packed)
{
    if (cell->slot->timers_count >= cell->generation->bundle->manifest->limits.timers) {
        return 0;
    }
    struct plugin_timer *timer = plugin_timer_new(cell->worker, cell->slot, name, packed);
    timer_start(&timer->timer, (int64_t)(seconds * 1000));
    return timer->id;
}

bool plugin_timer_cancel(struct slot *slot, uint64_t id)
{
    for (struct list *node = slot->timers.next; node != &slot->timers; node = node->next) {
        struct plugin_timer *timer = LIST_ITEM(node, struct plugin_timer, node);
        if (timer->id == id) {
            plugin_timer_end(timer);
            return true;
        }
    }
    return false;
}

static bool is_declared(const struct runtime_worker *worker, const struct generation *generation,
                        const struct plugin_timer *timer)
{
    const struct entry *entry = wiring_find(generation->wiring, ENTRY_EVERY, bytes_of(timer->name));
    return entry && !(entry->one_worker && worker->index > 0) && entry->every_s == timer->every_s;
}

static bool is_running(const struct slot *slot, const struct entry *entry)
{
    for (struct list *node = slot->timers.next; node != &slot->timers; node = node->next) {
        const struct plugin_timer *timer = LIST_ITEM(node, struct plugin_timer, node);
        if (timer->every_s > 0 && strcmp(timer->name, entry->name) == 0) {
            return true;
        }
    }
    return false;
}

void plugin_timers_follow(struct runtime_worker *worker, struct slot *slot,
                          const struct generation *generation)
{
    for (struct list *node = slot->timers.next; node != &slot->timers;) {
        struct plugin_timer *timer = LIST_ITEM(node, struct plugin_timer, node);
        node = node->next;
        if (timer->every_s > 0 && !is_declared(worker, generation, timer)) {
            plugin_timer_end(timer);
        }
    }
    const struct wiring *wiring = generation->wiring;
    for (size_t i = 0; i < wiring->count; i++) {
        const struct entry *entry = &wiring->entries[i];
        if (entry->kind != ENTRY_EVERY || (entry->one_worker && worker->index > 0) ||
            is_running(slot, entry)) {
            continue;
        }
        struct plugin_timer *timer = plugin_timer_new(worker, slot, entry->name, BYTES_NONE);
        timer->every_s = entry->every_s;
        timer_start(&timer->timer, (int64_t)(entry->every_s * 1000));
    }
}

void plugin_timers_stop(struct slot *slot)
{
    while (!list_is_empty(&slot->timers)) {
        plugin_timer_end(LIST_ITEM(slot->timers.next, struct plugin_timer, node));
    }
}
