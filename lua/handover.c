#include "lua/handover.h"

#include "host/base/err.h"
#include "host/base/log.h"
#include "lua/bus.h"
#include "lua/event.h"
#include "lua/pack.h"
#include "lua/plugin_timer.h"

struct saving {
    struct buf *out;
    bool has;
};

static int push_save(lua_State *L, struct event *event)
{
    (void)event;
    plugin_cell_push_module(L, "save");
    return 0;
}

static void save_finish(struct event *event)
{
    struct saving *saving = event->ctx;
    if (event->failure.code) {
        LOG(LOG_ERROR, "plugin", "save() failed, so its state is lost",
            LOG_TEXT("plugin", event->cell->slot->name), LOG_TEXT("why", event->failure.message));
        return;
    }
    if (event->has_value) {
        buf_clear(saving->out);
        saving->has = buf_append(saving->out, buf_bytes(&event->worker->out)) == 0;
    }
}

bool handover_save(struct plugin_cell *cell, struct buf *saved)
{
    if (!plugin_cell_has(cell, "save")) {
        return false;
    }
    struct saving saving = {saved, false};
    struct event *event = event_new_for_cell(cell);
    event->push = push_save;
    event->take = TAKE_PACK;
    event->finish = save_finish;
    event->ctx = &saving;
    event->no_wait = true;
    event->is_silent = true;
    event_run(event);
    return saving.has;
}

static int push_restore(lua_State *L, struct event *event)
{
    plugin_cell_push_module(L, "restore");
    plugin_cell_push_mesh(L);
    if (pack_push(L, event->packed)) {
        lua_pushnil(L);
    }
    return 2;
}

static void restore_finish(struct event *event)
{
    if (event->failure.code) {
        LOG(LOG_ERROR, "plugin", "restore() failed, so it starts without its old state",
            LOG_TEXT("plugin", event->cell->slot->name), LOG_TEXT("why", event->failure.message));
    }
}

static void restore(struct plugin_cell *cell, struct bytes saved)
{
    struct event *event = event_new_for_cell(cell);
    event->push = push_restore;
    event->finish = restore_finish;
    event->packed = saved;
    event->no_wait = true;
    event->is_silent = true;
    event_run(event);
}

static void take_over(struct runtime_worker *worker, struct generation *old, struct generation *new)
{
    struct plugin_cell *cell = new->cells[worker->index];
    if (old && plugin_cell_has(cell, "restore")) {
        struct buf saved;
        buf_open(&saved, RUNTIME_SAVED_BYTES_MAX);
        if (handover_save(old->cells[worker->index], &saved)) {
            restore(cell, buf_bytes(&saved));
        }
        buf_close(&saved);
    }
    plugin_timers_follow(worker, cell->slot, new);
    metric_set(cell->slot->generation, (int64_t) new->number);
    cell->slot->open_until_ms = 0;
    cell->slot->failures = 0;
}

void handover(struct runtime_worker *worker, struct snapshot *before, struct snapshot *after)
{
    for (size_t i = 0; i < after->generations_count; i++) {
        struct generation *new = after->generations[i];
        struct bytes name = bytes_of(new->bundle->manifest->name);
        struct generation *old = before ? snapshot_plugin(before, name) : NULL;
        if (old != new) {
            take_over(worker, old, new);
        }
    }
    for (size_t i = 0; before && i < before->generations_count; i++) {
        const char *name = before->generations[i]->bundle->manifest->name;
        if (!snapshot_plugin(after, bytes_of(name))) {
            struct slot *slot = worker_slot(worker, name);
            plugin_timers_stop(slot);
            bus_forget(worker, slot);
            metric_set(slot->generation, 0);
        }
    }
}
