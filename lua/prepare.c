/*
 *     prepare_on_worker -> prepare_next -> prepare_cell -> (start) -> start_ended
 *         -> (probe) -> probe_ended -> prepare_next ... -> prepare_end
 */
#include "lua/prepare.h"

#include "host/base/err.h"
#include "lua/event.h"
#include "lua/handover.h"
#include "lua/pack.h"

#include <lauxlib.h>
#include <stdio.h>

static void prepare_next(struct preparation *p);
static void prepare_end(struct preparation *p, int err);

static struct plugin_cell *current_cell(const struct preparation *p)
{
    return p->fresh[p->index]->cells[p->worker];
}

/* ---- start ---- */

static int start_returned(lua_State *L, int status, lua_KContext ctx)
{
    (void)L;
    (void)status;
    (void)ctx;
    return 0;
}

/* (mesh, saved): runs init.lua and its start. */
static int start_main(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "init");
    lua_call(L, 1, 1); /* mesh saved module */
    if (!lua_istable(L, -1)) {
        return luaL_error(L, "init.lua must return a table with a function start");
    }
    lua_pushvalue(L, -1);
    plugin_cell_set_module(L);
    lua_pushliteral(L, "start");
    lua_rawget(L, -2); /* mesh saved module start */
    if (!lua_isfunction(L, -1)) {
        return luaL_error(L, "init.lua must return a table with a function start");
    }
    lua_replace(L, -2);
    lua_insert(L, 1); /* start mesh saved */
    lua_callk(L, 2, 0, 0, start_returned);
    return 0;
}

static int push_start(lua_State *L, struct event *event)
{
    struct plugin_cell *cell = event->cell;
    lua_pushcfunction(L, start_main);
    plugin_cell_push_mesh(L);
    if (!cell->has_saved || pack_push(L, buf_bytes(&cell->saved))) {
        lua_pushnil(L);
    }
    return 2;
}

/* ---- probe ---- */

static int push_probe(lua_State *L, struct event *event)
{
    (void)event;
    plugin_cell_push_module(L, "probe");
    plugin_cell_push_mesh(L);
    return 1;
}

static void probe_ended(struct event *event)
{
    struct preparation *p = event->ctx;
    if (event->failure.code) {
        snprintf(p->message, sizeof(p->message), "%s: probe failed: %s", event->cell->slot->name,
                 event->failure.message);
        prepare_end(p, ERR_PLUGIN);
        return;
    }
    p->index++;
    prepare_next(p);
}

static void run_silently(struct preparation *p, int (*push)(lua_State *, struct event *),
                         void (*finish)(struct event *), uint32_t wall_ms)
{
    struct event *event = event_new_for_cell(current_cell(p));
    event->push = push;
    event->finish = finish;
    event->ctx = p;
    event->is_silent = true;
    event->task.wall_ms_max = wall_ms;
    event->task.cpu_ms_max = RUNTIME_START_CPU_MS;
    event_run(event);
}

static void start_ended(struct event *event)
{
    struct preparation *p = event->ctx;
    struct plugin_cell *cell = event->cell;
    cell->is_starting = false;
    if (event->failure.code) {
        snprintf(p->message, sizeof(p->message), "%s: start failed: %s", cell->slot->name,
                 event->failure.message);
        prepare_end(p, ERR_PLUGIN);
        return;
    }
    if (plugin_cell_has(cell, "probe")) {
        run_silently(p, push_probe, probe_ended, RUNTIME_PROBE_WALL_MS);
        return;
    }
    p->index++;
    prepare_next(p);
}

/* ---- the sequence ---- */

static void take_saved(struct plugin_cell *cell)
{
    const struct snapshot *seen = cell->worker->seen;
    struct generation *old = seen ? snapshot_plugin(seen, bytes_of(cell->slot->name)) : NULL;
    if (old) {
        cell->has_saved = handover_save(old->cells[cell->worker->index], &cell->saved);
    }
}

static int prepare_cell(struct preparation *p, struct runtime_worker *worker)
{
    struct generation *generation = p->fresh[p->index];
    struct plugin_cell *cell = NULL;
    char why[PREPARE_MESSAGE_MAX - 64] = "";
    int err = plugin_cell_new(&cell, generation, worker, why, sizeof(why));
    if (err) {
        snprintf(p->message, sizeof(p->message), "%s: %s", generation->bundle->manifest->name,
                 why[0] ? why : err_text(err));
        return err;
    }
    generation->cells[p->worker] = cell;
    cell->is_starting = true;
    take_saved(cell);
    return 0;
}

static void prepare_next(struct preparation *p)
{
    if (p->index == p->fresh_count) {
        prepare_end(p, 0);
        return;
    }
    struct runtime_worker *worker = p->fresh[0]->runtime->workers[p->worker];
    int err = prepare_cell(p, worker);
    if (err) {
        prepare_end(p, err);
        return;
    }
    run_silently(p, push_start, start_ended, RUNTIME_START_WALL_MS);
}

static void prepared_deliver(struct letter *letter)
{
    struct preparation *p = LIST_ITEM(letter, struct preparation, letter);
    p->prepared(p);
}

static void prepare_end(struct preparation *p, int err)
{
    p->err = err;
    p->letter.deliver = prepared_deliver;
    loop_post_answer(p->fresh[0]->runtime->loop, &p->letter);
}

static void prepare_on_worker(struct letter *letter)
{
    struct preparation *p = LIST_ITEM(letter, struct preparation, letter);
    if (p->fresh[0]->runtime->workers[p->worker]->is_closing) {
        snprintf(p->message, sizeof(p->message), "the server is going away");
        prepare_end(p, ERR_UNAVAILABLE);
        return;
    }
    prepare_next(p);
}

void prepare_start(struct runtime *runtime, struct preparation *p)
{
    p->index = 0;
    p->letter.deliver = prepare_on_worker;
    loop_post_answer(runtime->workers[p->worker]->loop, &p->letter);
}
