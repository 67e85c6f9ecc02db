/*
 * mesh.point and mesh.hook: places in a plugin where others have a say.
 *
 *     point:run -> chain_next -> (hook's cell) -> chain_hook_ended -> chain_next ... ->
 * chain_return
 *
 * authorize and validate hooks may veto, transform hooks may change the event,
 * observe hooks are told later. A point that nobody hooks into costs a look-up.
 */
#include "host/base/log.h"
#include "host/base/mem.h"
#include "lua/api.h"
#include "lua/options.h"
#include "lua/pack.h"
#include "lua/register.h"
#include "lua/subcall.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#define POINT_TYPE "mesh.point"

static const char *const stage_names[] = {"authorize", "validate", "transform", "observe"};

struct lua_point {
    size_t name_len;
    char name[REGISTER_NAME_MAX + 1];
};

/* What hooks in now, under the running event's snapshot; NULL when nobody does. */
static const struct point *find_point(lua_State *L, const struct lua_point *point)
{
    const struct event *event = event_of(L);
    if (!event || !event->snapshot) {
        return NULL;
    }
    const struct point *found =
        map_get(event->snapshot->points, (struct bytes){point->name, point->name_len});
    return found && found->total ? found : NULL;
}

/* ---- the chain ---- */

struct chain {
    struct subcall *sub;
    const struct point *point;
    enum hook_stage stage;
    size_t index;
    struct buf event; /* packed, as it is now */
    bool is_changed;
};

static void chain_free(void *extra)
{
    struct chain *chain = extra;
    buf_close(&chain->event);
    mem_free(chain);
}

static int push_packed(lua_State *L, struct event *event)
{
    if (pack_push(L, event->packed)) {
        lua_pushnil(L);
    }
    return 1;
}

static void chain_next(struct chain *chain);

/* A veto, or an error in a hook that must not be passed over. True: the chain ends here. */
static bool chain_refuses(struct chain *chain, struct event *event)
{
    const struct target *target = event->target;
    if (!event->failure.code) {
        return false;
    }
    bool is_veto = event->failure.code != RPC_PLUGIN_ERROR && event->failure.code != RPC_TIMEOUT &&
                   event->failure.code != RPC_UNAVAILABLE;
    if (!is_veto && !target->entry->fail_closed) {
        return false; /* in the log already; fail = "open" */
    }
    subcall_take(chain->sub, event);
    struct failure *failure = &chain->sub->failure;
    if (is_veto && failure->code == RPC_REJECTED && chain->stage != STAGE_TRANSFORM) {
        failure_add_text(failure, "plugin", bytes_of(event->cell->slot->name));
        failure_add_text(failure, "reason", bytes_of(failure->message));
    }
    return true;
}

static void chain_hook_ended(struct event *event)
{
    struct chain *chain = event->ctx;
    if (chain_refuses(chain, event)) {
        subcall_end(chain->sub);
        return;
    }
    if (chain->stage == STAGE_TRANSFORM && !event->failure.code && event->has_value) {
        buf_clear(&chain->event);
        buf_append(&chain->event, buf_bytes(&event->worker->out));
        chain->is_changed = true;
    }
    chain->index++;
    chain_next(chain);
}

/* The next hook in order, skipping plugins that are in the middle of this very chain. */
static const struct target *chain_target(struct chain *chain)
{
    for (; chain->stage < STAGE_OBSERVE; chain->stage++, chain->index = 0) {
        const struct hook_list *list = &chain->point->stages[chain->stage];
        for (; chain->index < list->count; chain->index++) {
            const struct target *target = &list->hooks[chain->index];
            if (!subcall_is_circle(chain->sub, target)) {
                return target;
            }
        }
    }
    return NULL;
}

static void chain_next(struct chain *chain)
{
    const struct target *target = chain_target(chain);
    if (!target) {
        buf_clear(&chain->sub->value);
        buf_append(&chain->sub->value, buf_bytes(&chain->event));
        chain->sub->has_value = chain->is_changed;
        subcall_end(chain->sub);
        return;
    }
    struct event *event = subcall_event(chain->sub, target);
    event->ctx = chain;
    event->push = push_packed;
    event->finish = chain_hook_ended;
    event->packed = buf_bytes(&chain->event);
    event_run(event);
}

static int chain_return(lua_State *L, void *result)
{
    struct subcall *sub = result;
    luaL_checkstack(L, 16, NULL);
    if (sub->failure.code) {
        lua_pushnil(L);
        failure_push(L, &sub->failure);
        return 2;
    }
    if (pack_push(L, buf_bytes(&sub->value))) {
        return gate_error(L, "a hook's event can't be read back");
    }
    return 1;
}

/* point:run(event) -> event, or nil and an error */
static int point_run(lua_State *L)
{
    struct lua_point *self = luaL_checkudata(L, 1, POINT_TYPE);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    const struct point *point = find_point(L, self);
    struct event *parent = event_of(L);
    char why[PACK_MESSAGE_MAX];
    if (!point || point->total == point->stages[STAGE_OBSERVE].count) {
        return 1; /* the event as it is */
    }
    struct buf *packed = &parent->worker->packed;
    buf_clear(packed);
    if (pack_write(L, 2, packed, why, sizeof(why))) {
        return gate_error(L, "point %s: %s", self->name, why);
    }
    struct subcall *sub = subcall_new(L);
    struct chain *chain = mem_alloc(sizeof(*chain));
    *chain = (struct chain){.sub = sub, .point = point};
    buf_open(&chain->event, PACK_BYTES_MAX);
    buf_append(&chain->event, buf_bytes(packed));
    sub->extra = chain;
    sub->extra_free = chain_free;
    chain_next(chain);
    return subcall_return(L, sub, chain_return);
}

/* ---- observers ---- */

static void observed(struct event *event)
{
    (void)event; /* its failure is in the log */
}

/* point:observe(event) */
static int point_observe(lua_State *L)
{
    struct lua_point *self = luaL_checkudata(L, 1, POINT_TYPE);
    luaL_checktype(L, 2, LUA_TTABLE);
    const struct point *point = find_point(L, self);
    char why[PACK_MESSAGE_MAX];
    if (!point || !point->stages[STAGE_OBSERVE].count) {
        return 0;
    }
    struct event *parent = event_of(L);
    unsigned hops = event_next_hop(L);
    struct buf *packed = &parent->worker->packed;
    buf_clear(packed);
    if (pack_write(L, 2, packed, why, sizeof(why))) {
        return gate_error(L, "point %s: %s", self->name, why);
    }
    const struct hook_list *list = &point->stages[STAGE_OBSERVE];
    for (size_t i = 0; i < list->count; i++) {
        worker_hold(parent->worker, parent->snapshot);
        struct event *event = event_new(parent->worker, parent->snapshot, &list->hooks[i]);
        event->push = push_packed;
        event->hops = hops;
        event->finish = observed;
        event->kept = mem_copy_text(packed->data, packed->len);
        event->packed = (struct bytes){event->kept, packed->len};
        event_defer(event);
    }
    return 0;
}

/* point.active, and the methods */
static int point_index(lua_State *L)
{
    struct lua_point *self = luaL_checkudata(L, 1, POINT_TYPE);
    const char *name = luaL_checkstring(L, 2);
    if (strcmp(name, "active") == 0) {
        lua_pushboolean(L, find_point(L, self) != NULL);
        return 1;
    }
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    return 1;
}

/* ---- registrations ---- */

/* mesh.point(name, options) -> point */
static int point(lua_State *L)
{
    size_t len;
    const char *name = luaL_checklstring(L, 1, &len);
    luaL_argcheck(L, len <= REGISTER_NAME_MAX, 1, "at most 128 characters");
    struct lua_point *self = lua_newuserdatauv(L, sizeof(*self), 0);
    self->name_len = len;
    snprintf(self->name, sizeof(self->name), "%s", name);
    luaL_setmetatable(L, POINT_TYPE);
    struct entry *entry = register_entry(L, ENTRY_POINT, 1);
    if (lua_istable(L, 2)) {
        entry->doc = options_document(L, 2);
    }
    lua_pushvalue(L, -1);
    plugin_cell_set_handler(L, plugin_cell_of(L)->wiring->count - 1);
    return 1;
}

static enum hook_stage check_stage(lua_State *L, int options)
{
    const char *stage = options_text(L, options, "stage");
    for (int i = 0; stage && i < STAGES; i++) {
        if (strcmp(stage, stage_names[i]) == 0) {
            return (enum hook_stage)i;
        }
    }
    gate_error(L, "hook: stage is \"authorize\", \"validate\", \"transform\" or \"observe\"");
    return STAGE_OBSERVE;
}

/* mesh.hook(point, options, handler) */
static int hook(lua_State *L)
{
    struct bytes name;
    name.data = luaL_checklstring(L, 1, &name.len);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    enum hook_stage stage = check_stage(L, 2);
    const char *fail = options_text(L, 2, "fail");
    if (!text_list_matches(&plugin_cell_of(L)->generation->bundle->manifest->hooks, name)) {
        return gate_error(L, "hook: the manifest does not grant \"%s\"", name.data);
    }
    if (fail && strcmp(fail, "open") != 0 && strcmp(fail, "closed") != 0) {
        return gate_error(L, "hook: fail is \"open\" or \"closed\"");
    }
    struct entry *entry = register_entry(L, ENTRY_HOOK, 1);
    entry->stage = stage;
    entry->fail_closed = fail ? strcmp(fail, "closed") == 0 : stage == STAGE_AUTHORIZE;
    options_list(L, 2, "before", &entry->before);
    options_list(L, 2, "after", &entry->after);
    register_handler(L, 3);
    return 0;
}

void api_hook_add(lua_State *L, const struct manifest *manifest)
{
    static const luaL_Reg methods[] = {
        {"run", point_run}, {"observe", point_observe}, {NULL, NULL}};
    luaL_newmetatable(L, POINT_TYPE);
    luaL_newlib(L, methods);
    lua_pushcclosure(L, point_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    lua_pushcfunction(L, point);
    lua_setfield(L, -2, "point");
    if (manifest->hooks.count) {
        lua_pushcfunction(L, hook);
        lua_setfield(L, -2, "hook");
    }
}
