/* mesh.method, event, export, route, command, auth: what start() registers. */
#include "lua/api.h"
#include "lua/core.h"
#include "lua/gate.h"
#include "lua/options.h"
#include "lua/register.h"

#include <lauxlib.h>
#include <string.h>

struct entry *register_entry(lua_State *L, enum entry_kind kind, int name_index)
{
    struct plugin_cell *cell = plugin_cell_of(L);
    size_t len;
    const char *name = luaL_checklstring(L, name_index, &len);
    if (!cell->is_starting) {
        gate_error(L, "%s %s: registrations are made in start() only", entry_kind_name(kind), name);
    }
    if (len == 0 || len > REGISTER_NAME_MAX || strlen(name) != len) {
        gate_error(L, "a name of 1 to %d characters was expected", REGISTER_NAME_MAX);
    }
    if (kind != ENTRY_HOOK && wiring_find(cell->wiring, kind, (struct bytes){name, len})) {
        gate_error(L, "%s %s is registered already", entry_kind_name(kind), name);
    }
    struct entry *entry = wiring_add(cell->wiring, kind, (struct bytes){name, len});
    if (!entry) {
        gate_error(L, "at most %d registrations", WIRING_ENTRIES_MAX);
    }
    return entry;
}

void register_handler(lua_State *L, int index)
{
    luaL_checktype(L, index, LUA_TFUNCTION);
    lua_pushvalue(L, index);
    plugin_cell_set_handler(L, plugin_cell_of(L)->wiring->count - 1);
}

static void read_schemas(lua_State *L, int options, struct entry *entry, const char *params)
{
    entry->doc = options_document(L, options);
    options_schema(L, options, params, &entry->params);
    options_schema(L, options, "result", &entry->result);
}

static void read_limit(lua_State *L, int options, struct entry *entry)
{
    if (lua_isnoneornil(L, options)) {
        return;
    }
    if (options_member(L, options, "limit") == LUA_TTABLE) {
        int limit = lua_gettop(L);
        const char *by = options_text(L, limit, "by");
        double per_minute = options_number(L, limit, "perMinute", 0);
        luaL_argcheck(L, per_minute > 0 && per_minute <= 1e6, options, "limit.perMinute: 0 to 1e6");
        entry->limit_by_address = by && strcmp(by, "address") == 0;
        entry->limit_per_s = per_minute / 60.0;
        entry->limit_burst = options_number(L, limit, "burst", per_minute < 1 ? 1 : per_minute);
    }
    lua_pop(L, 1);
}

/* mesh.method(name, options, handler) */
static int method(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    struct entry *entry = register_entry(L, ENTRY_METHOD, 1);
    read_schemas(L, 2, entry, "params");
    read_limit(L, 2, entry);
    entry->is_open = !options_flag(L, 2, "auth", true);
    register_handler(L, 3);
    return 0;
}

/* mesh.event(name, options) */
static int event(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    struct entry *entry = register_entry(L, ENTRY_EVENT, 1);
    read_schemas(L, 2, entry, "params");
    return 0;
}

/* mesh.export(name, options, handler) */
static int export(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    struct entry *entry = register_entry(L, ENTRY_EXPORT, 1);
    read_schemas(L, 2, entry, "params");
    register_handler(L, 3);
    return 0;
}

static bool is_http_method(const char *text)
{
    static const char *const known[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(text, known[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* mesh.route(method, path, options, handler) */
static int route(lua_State *L)
{
    const char *http_method = luaL_checkstring(L, 1);
    const char *path = luaL_checkstring(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    luaL_checktype(L, 4, LUA_TFUNCTION);
    luaL_argcheck(L, is_http_method(http_method), 1, "GET, POST, PUT, PATCH or DELETE expected");
    luaL_argcheck(L, path[0] == '/', 2, "a path that starts with / was expected");
    lua_pushfstring(L, "%s %s", http_method, path); /* ... name */
    struct entry *entry = register_entry(L, ENTRY_ROUTE, lua_gettop(L));
    read_schemas(L, 3, entry, "body");
    options_schema(L, 3, "query", &entry->query);
    entry->is_open = !options_flag(L, 3, "auth", true);
    register_handler(L, 4);
    return 0;
}

/* mesh.command(name, options, handler) */
static int command(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    struct entry *entry = register_entry(L, ENTRY_COMMAND, 1);
    entry->doc = options_document(L, 2);
    register_handler(L, 3);
    return 0;
}

static void auth_part(lua_State *L, const char *name, enum entry_kind kind)
{
    if (options_member(L, 1, name) == LUA_TFUNCTION) {
        lua_pushstring(L, name);
        register_entry(L, kind, lua_gettop(L));
        register_handler(L, lua_gettop(L) - 1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* mesh.auth {bearer = fn, upgrade = fn} */
static int auth(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    auth_part(L, "bearer", ENTRY_BEARER);
    auth_part(L, "upgrade", ENTRY_UPGRADE);
    return 0;
}

void api_register_add(lua_State *L, const struct manifest *manifest)
{
    static const luaL_Reg always[] = {
        {"method", method},
        {"event", event},
        {"export", export},
        {NULL, NULL},
    };
    luaL_setfuncs(L, always, 0);
    if (manifest_grants(manifest, GRANT_HTTP)) {
        lua_pushcfunction(L, route);
        lua_setfield(L, -2, "route");
    }
    if (manifest_grants(manifest, GRANT_COMMAND)) {
        lua_pushcfunction(L, command);
        lua_setfield(L, -2, "command");
    }
    if (manifest_grants(manifest, GRANT_AUTH)) {
        lua_pushcfunction(L, auth);
        lua_setfield(L, -2, "auth");
    }
}
