/*
 * mesh.call: one plugin uses what another exports. The callee runs in its own
 * cell with its own rights, under the snapshot of the caller's event. When it
 * ends without waiting the caller goes on at once; else the caller waits.
 */
#include "lua/api.h"
#include "lua/event.h"
#include "lua/json.h"
#include "lua/pack.h"
#include "lua/subcall.h"

#include <lauxlib.h>

static int push_args(lua_State *L, struct event *event)
{
    if (pack_push(L, event->packed)) {
        lua_newtable(L);
    }
    lua_createtable(L, 0, 1); /* args from */
    lua_pushstring(L, event->from->name);
    lua_setfield(L, -2, "plugin");
    return 2;
}

static void call_finish(struct event *event)
{
    struct subcall *sub = event->ctx;
    subcall_take(sub, event);
    subcall_end(sub);
}

static int call_return(lua_State *L, void *result)
{
    struct subcall *sub = result;
    luaL_checkstack(L, 16, NULL);
    if (sub->failure.code) {
        lua_pushnil(L);
        failure_push(L, &sub->failure);
        return 2;
    }
    if (!sub->has_value || pack_push(L, buf_bytes(&sub->value))) {
        lua_pushnil(L);
    }
    return 1;
}

/* Checks the packed arguments by the export's schema: a caller's mistake, so it raises. */
static void check_args(lua_State *L, const struct target *target, struct runtime_worker *worker)
{
    if (!target->entry->params) {
        return;
    }
    char why[JSON_MESSAGE_MAX];
    struct schema_error error = {"", ""};
    struct buf *text = &worker->packed;
    buf_clear(text);
    int err = json_encode(L, 2, text, target->entry->params, false, why, sizeof(why));
    if (err) {
        gate_error(L, "call %s: %s", target->entry->name, why);
    }
    err = json_parse(&worker->doc, buf_bytes(text), NULL);
    if (!err) {
        err = schema_check(target->entry->params, &worker->doc, worker->doc.nodes, &error);
    }
    if (err) {
        gate_error(L, "call %s: %s %s", target->entry->name, error.path, error.message);
    }
    json_push(L, &worker->doc, worker->doc.nodes); /* without members the schema does not know */
    lua_replace(L, 2);
}

/* mesh.call(name, args) -> result, or nil and an error */
static int call(lua_State *L)
{
    struct bytes name;
    char why[PACK_MESSAGE_MAX];
    name.data = luaL_checklstring(L, 1, &name.len);
    lua_settop(L, 2);
    if (lua_isnil(L, 2)) {
        lua_newtable(L);
        lua_replace(L, 2);
    }
    luaL_checktype(L, 2, LUA_TTABLE);
    struct plugin_cell *cell = plugin_cell_of(L);
    struct event *parent = event_of(L);
    if (!text_list_matches(&cell->generation->bundle->manifest->calls, name)) {
        return gate_error(L, "call: the manifest does not grant \"%s\"", name.data);
    }
    const struct target *target =
        parent && parent->snapshot ? map_get(parent->snapshot->exports, name) : NULL;
    if (!target) {
        return failure_return(L, RPC_UNAVAILABLE, "no plugin serves this now");
    }
    check_args(L, target, cell->worker);
    struct buf *packed = &cell->worker->packed;
    buf_clear(packed);
    if (pack_write(L, 2, packed, why, sizeof(why))) {
        return gate_error(L, "call %s: %s", name.data, why);
    }
    struct subcall *sub = subcall_new(L);
    if (subcall_is_circle(sub, target)) {
        failure_set(&sub->failure, RPC_UNAVAILABLE, "call %s: plugins call each other in a circle",
                    target->entry->name);
        subcall_end(sub);
        return subcall_return(L, sub, call_return);
    }
    struct event *event = subcall_event(sub, target);
    event->push = push_args;
    event->finish = call_finish;
    event->packed = buf_bytes(packed);
    event_run(event);
    return subcall_return(L, sub, call_return);
}

void api_call_add(lua_State *L, const struct manifest *manifest)
{
    subcall_open_lib(L);
    if (manifest->calls.count) {
        lua_pushcfunction(L, call);
        lua_setfield(L, -2, "call");
    }
}
