/* mesh.bus and mesh.timer: events from other plugins, and from the clock. */
#include "lua/api.h"
#include "lua/bus.h"
#include "lua/event.h"
#include "lua/nap.h"
#include "lua/options.h"
#include "lua/pack.h"
#include "lua/plugin_timer.h"
#include "lua/register.h"

#include <lauxlib.h>
#include <string.h>

static struct bytes check_topic(lua_State *L, int index)
{
    struct bytes topic;
    topic.data = luaL_checklstring(L, index, &topic.len);
    luaL_argcheck(L, topic.len > 0 && topic.len <= BUS_TOPIC_MAX, index, "1 to 64 bytes expected");
    return topic;
}

static struct bytes check_key(lua_State *L, int index)
{
    struct bytes key;
    key.data = luaL_checklstring(L, index, &key.len);
    luaL_argcheck(L, key.len > 0 && key.len <= BUS_KEY_MAX, index, "1 to 256 bytes expected");
    return key;
}

/* Where = "one" or "all", as an option. */
static bool where_is_one(lua_State *L, int options, bool otherwise)
{
    const char *where = options_text(L, options, "where");
    if (!where) {
        return otherwise;
    }
    if (strcmp(where, "one") != 0 && strcmp(where, "all") != 0) {
        gate_error(L, "option where: \"one\" or \"all\" expected");
    }
    return strcmp(where, "one") == 0;
}

/* mesh.bus.on(topic, options, handler) or (topic, handler) */
static int bus_on(lua_State *L)
{
    struct bytes topic = check_topic(L, 1);
    const struct manifest *manifest = plugin_cell_of(L)->generation->bundle->manifest;
    if (lua_isfunction(L, 2)) {
        lua_pushnil(L);
        lua_insert(L, 2); /* topic nil handler */
    }
    luaL_checktype(L, 3, LUA_TFUNCTION);
    bool is_watch = bytes_starts_with(topic, BYTES("session.")) &&
                    manifest_grants(manifest, GRANT_SESSION_WATCH);
    if (!is_watch && !text_list_matches(&manifest->bus_subscribe, topic)) {
        return gate_error(L, "bus.on: the manifest grants no subscription to \"%s\"", topic.data);
    }
    struct entry *entry = register_entry(L, ENTRY_BUS, 1);
    entry->one_worker = where_is_one(L, 2, false);
    entry->keyed = options_flag(L, 2, "keyed", false);
    register_handler(L, 3);
    return 0;
}

/* mesh.bus.publish(topic, data, {key}) */
static int publish(lua_State *L)
{
    struct bytes topic = check_topic(L, 1);
    struct plugin_cell *cell = plugin_cell_of(L);
    struct bytes key = BYTES_NONE;
    char why[PACK_MESSAGE_MAX];
    lua_settop(L, 3);
    if (lua_istable(L, 3)) {
        if (options_member(L, 3, "key") != LUA_TNIL) {
            key = check_key(L, 4);
        }
    }
    if (!text_list_matches(&cell->generation->bundle->manifest->bus_publish, topic)) {
        return gate_error(L, "bus.publish: the manifest does not grant \"%s\"", topic.data);
    }
    struct event *event = event_of(L);
    struct snapshot *snapshot = event ? event->snapshot : NULL;
    if (!bus_is_heard(cell->worker, snapshot, topic, key)) {
        return 0;
    }
    struct buf *packed = &cell->worker->packed;
    buf_clear(packed);
    if (pack_write(L, 2, packed, why, sizeof(why))) {
        return gate_error(L, "bus.publish %s: %s", topic.data, why);
    }
    bus_publish(cell->worker, snapshot, event_next_hop(L), topic, key, buf_bytes(packed));
    return 0;
}

/* mesh.bus.follow(topic, key) */
static int follow(lua_State *L)
{
    struct bytes topic = check_topic(L, 1);
    struct bytes key = check_key(L, 2);
    struct plugin_cell *cell = plugin_cell_of(L);
    if (bus_follow(cell->worker, cell->slot, topic, key)) {
        return gate_error(L, "bus.follow: at most %d keys", BUS_FOLLOWS_MAX);
    }
    return 0;
}

/* mesh.bus.unfollow(topic, key) */
static int unfollow(lua_State *L)
{
    struct plugin_cell *cell = plugin_cell_of(L);
    struct bytes topic = check_topic(L, 1);
    bus_unfollow(cell->worker, cell->slot, topic, check_key(L, 2));
    return 0;
}

void api_bus_push(lua_State *L, const struct manifest *manifest)
{
    static const luaL_Reg functions[] = {
        {"on", bus_on}, {"follow", follow}, {"unfollow", unfollow}, {NULL, NULL}};
    luaL_newlib(L, functions);
    if (manifest->bus_publish.count) {
        lua_pushcfunction(L, publish);
        lua_setfield(L, -2, "publish");
    }
}

/* ---- timers ---- */

/* mesh.timer.on(name, handler) */
static int timer_on(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TFUNCTION);
    register_entry(L, ENTRY_TIMER, 1);
    register_handler(L, 2);
    return 0;
}

static double check_seconds(lua_State *L, int index)
{
    lua_Number seconds = luaL_checknumber(L, index);
    luaL_argcheck(L, seconds >= 0 && seconds <= PLUGIN_TIMER_S_MAX, index,
                  "0 to 31536000 seconds expected");
    return seconds;
}

/* mesh.timer.every(name, seconds, {where}) */
static int timer_every(lua_State *L)
{
    double seconds = check_seconds(L, 2);
    luaL_argcheck(L, seconds >= PLUGIN_TIMER_EVERY_S_MIN, 2, "at least 0.05 seconds expected");
    size_t len;
    const char *name = luaL_checklstring(L, 1, &len);
    struct plugin_cell *cell = plugin_cell_of(L);
    if (!cell->is_starting || !wiring_find(cell->wiring, ENTRY_TIMER, (struct bytes){name, len})) {
        return gate_error(L, "timer.every: in start(), after timer.on(\"%s\", ...)", name);
    }
    struct entry *entry = register_entry(L, ENTRY_EVERY, 1);
    entry->every_s = seconds;
    entry->one_worker = where_is_one(L, 3, true);
    return 0;
}

/* mesh.timer.after(seconds, name, data) -> id */
static int timer_after(lua_State *L)
{
    double seconds = check_seconds(L, 1);
    size_t len;
    const char *name = luaL_checklstring(L, 2, &len);
    struct plugin_cell *cell = plugin_cell_of(L);
    const struct wiring *wiring = cell->is_starting ? cell->wiring : cell->generation->wiring;
    char why[PACK_MESSAGE_MAX];
    lua_settop(L, 3);
    if (!wiring || !wiring_find(wiring, ENTRY_TIMER, (struct bytes){name, len})) {
        return gate_error(L, "timer.after: no handler \"%s\"; register it with timer.on", name);
    }
    struct buf *packed = &cell->worker->packed;
    buf_clear(packed);
    if (!lua_isnil(L, 3) && pack_write(L, 3, packed, why, sizeof(why))) {
        return gate_error(L, "timer.after: %s", why);
    }
    if (packed->len > PLUGIN_TIMER_DATA_MAX) {
        return gate_error(L, "timer.after: at most %d bytes of data", PLUGIN_TIMER_DATA_MAX);
    }
    uint64_t id = plugin_timer_start(cell, name, seconds, buf_bytes(packed));
    if (!id) {
        return gate_error(L, "timer.after: too many timers (limits.timers in plugin.json)");
    }
    lua_pushinteger(L, (lua_Integer)id);
    return 1;
}

/* mesh.timer.cancel(id) -> boolean */
static int timer_cancel_one(lua_State *L)
{
    lua_Integer id = luaL_checkinteger(L, 1);
    lua_pushboolean(L, plugin_timer_cancel(plugin_cell_of(L)->slot, (uint64_t)id));
    return 1;
}

void api_timer_push(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"on", timer_on},       {"every", timer_every},
        {"after", timer_after}, {"cancel", timer_cancel_one},
        {"sleep", nap_sleep},   {NULL, NULL},
    };
    luaL_newlib(L, functions);
}
