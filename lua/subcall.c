#include "lua/subcall.h"

#include "host/base/mem.h"
#include "lua/pack.h"

#include <lauxlib.h>
#include <string.h>

struct subcall *subcall_new(lua_State *L)
{
    const struct event *event = event_of(L);
    if (event->depth + 1 >= RUNTIME_CALL_DEPTH_MAX) {
        gate_error(L, "calls between plugins are nested more than %d deep", RUNTIME_CALL_DEPTH_MAX);
    }
    struct subcall **box = lua_newuserdatauv(L, sizeof(struct subcall *), 0); /* box */
    *box = NULL;
    luaL_setmetatable(L, SUBCALL_TYPE);
    struct wait wait = wait_open(L);
    struct subcall *sub = mem_alloc(sizeof(*sub));
    *box = sub;
    sub->box = box;
    sub->wait = wait;
    sub->worker = event->worker;
    sub->snapshot = event->snapshot;
    worker_hold(sub->worker, sub->snapshot);
    memcpy(sub->callers, event->callers, sizeof(sub->callers));
    sub->callers[event->depth] = event->cell->generation;
    sub->depth = event->depth + 1;
    sub->hops = event->hops;
    sub->from = event->cell->slot;
    failure_open(&sub->failure);
    buf_open(&sub->value, PACK_BYTES_MAX);
    return sub;
}

void subcall_free(void *result)
{
    struct subcall *sub = result;
    failure_close(&sub->failure);
    buf_close(&sub->value);
    if (sub->extra_free) {
        sub->extra_free(sub->extra);
    }
    mem_free(sub);
}

void subcall_end(struct subcall *sub)
{
    sub->has_ended = true;
    /* Not when it is freed: garbage must not keep a replaced generation alive. */
    worker_leave(sub->worker, sub->snapshot);
    sub->snapshot = NULL;
    if (sub->is_waited) {
        wait_end(sub->wait, sub, subcall_free);
    }
}

static int subcall_now(lua_State *L, struct subcall *sub, task_finish finish)
{
    struct subcall **box = sub->box;
    int results = finish(L, sub);
    *box = NULL;
    subcall_free(sub);
    return results;
}

static int subcall_gc(lua_State *L)
{
    struct subcall **box = luaL_checkudata(L, 1, SUBCALL_TYPE);
    if (*box) {
        subcall_free(*box);
        *box = NULL;
    }
    return 0;
}

int subcall_return(lua_State *L, struct subcall *sub, task_finish finish)
{
    if (sub->has_ended) {
        wait_drop(sub->wait);
        return subcall_now(L, sub, finish);
    }
    *sub->box = NULL; /* from here on it is the wait's */
    sub->is_waited = true;
    return task_suspend(L, finish, subcall_free);
}

void subcall_open_lib(lua_State *L)
{
    luaL_newmetatable(L, SUBCALL_TYPE);
    lua_pushcfunction(L, subcall_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}

struct event *subcall_event(struct subcall *sub, const struct target *target)
{
    worker_hold(sub->worker, sub->snapshot);
    struct event *event = event_new(sub->worker, sub->snapshot, target);
    memcpy(event->callers, sub->callers, sizeof(event->callers));
    event->depth = sub->depth;
    event->hops = sub->hops;
    event->from = sub->from;
    event->take = TAKE_PACK;
    event->ctx = sub;
    return event;
}

void subcall_take(struct subcall *sub, struct event *event)
{
    sub->has_value = event->has_value;
    buf_clear(&sub->value);
    if (event->failure.code) {
        failure_close(&sub->failure);
        sub->failure = event->failure;
        buf_open(&event->failure.data, FAILURE_DATA_MAX);
    } else {
        buf_append(&sub->value, buf_bytes(&event->worker->out));
    }
}

bool subcall_is_circle(const struct subcall *sub, const struct target *target)
{
    for (unsigned i = 0; i < sub->depth; i++) {
        if (sub->callers[i] == target->generation) {
            return true;
        }
    }
    return false;
}
