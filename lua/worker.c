/*
 * A worker's part of the runtime: admits events under the newest snapshot,
 * hands state over when it changes, runs what was deferred to the turn's end.
 */
#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "lua/bus.h"
#include "lua/core.h"
#include "lua/event.h"
#include "lua/handover.h"
#include "lua/nap.h"
#include "lua/plugin_timer.h"

#include <stdio.h>
#include <string.h>

#define DEFERRED_A_TURN_MAX 1024 /* then sockets get their turn */
#define WRITES_A_WAKE_MAX 32 /* a burst becomes one commit; more and the writer starts at once */

static void wake_writer(struct runtime_worker *worker)
{
    if (worker->writes_waiting) {
        worker->writes_waiting = 0;
        db_wake(worker->runtime->options.db);
    }
}

void worker_count_write(struct runtime_worker *worker)
{
    if (++worker->writes_waiting >= WRITES_A_WAKE_MAX) {
        wake_writer(worker);
    }
}

static void run_deferred(struct runtime_worker *worker)
{
    for (unsigned n = 0; n < DEFERRED_A_TURN_MAX; n++) {
        struct event *event = event_next_deferred(worker);
        if (!event) {
            return;
        }
        event_run(event);
    }
}

static void worker_end_turn(struct turn_hook *hook)
{
    struct runtime_worker *worker = LIST_ITEM(hook, struct runtime_worker, hook);
    run_deferred(worker);
    wake_writer(worker);
}

struct runtime_worker *runtime_worker_open(struct runtime *runtime, unsigned index,
                                           struct loop *loop)
{
    CHECK(index < runtime->options.workers);
    struct runtime_worker *worker = mem_alloc(sizeof(*worker));
    worker->runtime = runtime;
    worker->index = index;
    worker->loop = loop;
    worker->slots = map_new(0);
    list_open(&worker->cells);
    buf_open(&worker->out, RUNTIME_RESULT_BYTES_MAX);
    buf_open(&worker->packed, RUNTIME_SAVED_BYTES_MAX);
    json_open(&worker->empty);
    json_open(&worker->doc);
    CHECK(json_parse(&worker->empty, BYTES("{}"), NULL) == 0);
    worker->hook.run = worker_end_turn;
    loop_on_turn(loop, &worker->hook);
    runtime->workers[index] = worker;
    return worker;
}

void runtime_worker_set_desk(struct runtime_worker *worker, struct desk *desk)
{
    worker->desk = desk;
}

size_t runtime_worker_busy(const struct runtime_worker *worker)
{
    return worker->events;
}

struct slot *worker_slot(struct runtime_worker *worker, const char *plugin)
{
    struct slot *slot = map_get(worker->slots, bytes_of(plugin));
    if (slot) {
        return slot;
    }
    slot = mem_alloc(sizeof(*slot));
    slot->name = mem_copy_text(plugin, strlen(plugin));
    list_open(&slot->timers);
    slot->follows = map_new(BUS_FOLLOWS_MAX);
    slot->metrics = map_new(RUNTIME_METRICS_MAX);
    char labels[PLUGIN_NAME_MAX + 16];
    snprintf(labels, sizeof(labels), "plugin=\"%s\"", plugin);
    slot->calls = metric_counter("chattermesh_plugin_calls_total", labels,
                                 "Events that a plugin's code handled.");
    slot->errors = metric_counter("chattermesh_plugin_errors_total", labels,
                                  "Events that ended in an error of the plugin.");
    slot->memory =
        metric_gauge("chattermesh_plugin_memory_bytes", labels, "Memory of a plugin's cells.");
    slot->cpu_us = metric_counter("chattermesh_plugin_cpu_microseconds_total", labels,
                                  "CPU time of a plugin's code.");
    slot->generation =
        metric_gauge("chattermesh_plugin_generation", labels, "Generation that serves now.");
    slot->breaker = metric_counter("chattermesh_plugin_breaker_opened_total", labels,
                                   "Times a plugin failed too often and was paused.");
    CHECK(map_put(worker->slots, bytes_of(plugin), slot, NULL) == 0);
    return slot;
}

struct plugin_cell *target_cell(const struct target *target, const struct runtime_worker *worker)
{
    return target->generation->cells[worker->index];
}

/* ---- snapshots ---- */

struct left_letter {
    struct letter letter;
    struct snapshot *snapshot;
};

static void left_deliver(struct letter *letter)
{
    struct left_letter *left = LIST_ITEM(letter, struct left_letter, letter);
    struct snapshot *snapshot = left->snapshot;
    mem_free(left);
    snapshot_left(snapshot);
}

static void worker_tell_left(struct runtime_worker *worker, struct snapshot *snapshot)
{
    struct left_letter *left = mem_alloc(sizeof(*left));
    left->letter.deliver = left_deliver;
    left->snapshot = snapshot;
    loop_post_answer(worker->runtime->loop, &left->letter);
}

void worker_snapshot_replaced(struct runtime_worker *worker, struct snapshot *snapshot)
{
    struct snapshot *newest = worker->is_closing ? NULL : worker_admit(worker);
    if (newest) { /* handed over even on an idle worker */
        worker_leave(worker, newest);
    }
    if (!snapshot) {
        return; /* the first one replaced nothing */
    }
    /* Only now: what the handover ends must not tell it as well. */
    snapshot->replaced[worker->index] = true;
    if (snapshot->counts[worker->index] == 0) {
        worker_tell_left(worker, snapshot);
    }
}

struct snapshot *worker_admit(struct runtime_worker *worker)
{
    struct snapshot *snapshot =
        atomic_load_explicit(&worker->runtime->current, memory_order_acquire);
    if (!snapshot) {
        return NULL;
    }
    snapshot->counts[worker->index]++;
    if (snapshot != worker->seen) {
        struct snapshot *before = worker->seen;
        worker->seen = snapshot;
        handover(worker, before, snapshot);
    }
    return snapshot;
}

void worker_hold(struct runtime_worker *worker, struct snapshot *snapshot)
{
    snapshot->counts[worker->index]++;
}

void worker_leave(struct runtime_worker *worker, struct snapshot *snapshot)
{
    CHECK(snapshot->counts[worker->index] > 0);
    if (--snapshot->counts[worker->index] == 0 && snapshot->replaced[worker->index]) {
        worker_tell_left(worker, snapshot);
    }
}

/* ---- the end ---- */

static void slot_free(struct runtime_worker *worker, struct slot *slot)
{
    plugin_timers_stop(slot);
    bus_forget(worker, slot);
    map_free(slot->follows);
    map_free(slot->metrics);
    mem_free(slot->name);
    mem_free(slot);
}

/* Ends what waits, in the cells of older generations too. */
static void cancel_all(struct runtime_worker *worker)
{
    for (struct list *node = worker->cells.next; node != &worker->cells;) {
        struct plugin_cell *cell = LIST_ITEM(node, struct plugin_cell, node);
        node = node->next;
        task_cancel_all(cell->cell, ERR_CANCELLED);
        naps_stop(cell);
    }
}

void runtime_worker_close(struct runtime_worker *worker)
{
    worker->is_closing = true;
    event_drop_deferred(worker);
    /* A caller is told that its callee was cancelled, and may wait for something else then. */
    for (unsigned depth = 0; worker->events && depth <= RUNTIME_CALL_DEPTH_MAX; depth++) {
        cancel_all(worker);
    }
    cancel_all(worker);
    size_t cursor = 0;
    struct bytes name;
    void *slot;
    while (map_next(worker->slots, &cursor, &name, &slot)) {
        plugin_timers_stop(slot);
    }
}

/* Called by runtime_free, when every cell of the worker is gone. */
void runtime_worker_free(struct runtime_worker *worker)
{
    size_t cursor = 0;
    struct bytes name;
    void *slot;
    loop_off_turn(worker->loop, &worker->hook);
    while (map_next(worker->slots, &cursor, &name, &slot)) {
        slot_free(worker, slot);
    }
    map_free(worker->slots);
    buf_close(&worker->out);
    buf_close(&worker->packed);
    json_close(&worker->empty);
    json_close(&worker->doc);
    mem_free(worker);
}
