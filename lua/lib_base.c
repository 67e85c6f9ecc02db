/*
 * The basic functions. Lua's own are kept where they are harmless; ours stand
 * where a kill could be swallowed (pcall, xpcall), where Lua 5.4.4 can be
 * crashed (setmetatable), and where addresses would show (tostring).
 */
#include "lua/cell_private.h"

#include <stdio.h>

/* Where the sentinel stands in the table of loaded modules, a module is being loaded. */
static const char loading_value = 0;

/* ---- pcall, xpcall ---- */

static bool must_pass_on(lua_State *L, int status)
{
    if (status == LUA_ERRMEM) {
        budget_out_of_memory(L);
    }
    return budget_is_killing(L);
}

static void forget_trace(lua_State *L)
{
    struct run *run = strand_cell(L)->run;
    if (run != NULL) {
        run->trace_open = false;
    }
}

/* Index 1 is `true`, the results follow; after an error there is the error on top. */
static int pcall_ended(lua_State *L, int status, lua_KContext context)
{
    (void)context;
    bool failed = status != LUA_OK && status != LUA_YIELD;
    if (must_pass_on(L, status)) {
        return budget_raise(L);
    }
    if (!failed) {
        return lua_gettop(L);
    }
    forget_trace(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

/* pcall(f, ...) -> true, ... | false, error */
static int base_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1); /* true f ... */
    return pcall_ended(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, pcall_ended), 0);
}

static int handler_ended(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

/* Stack: handler, keeper, true, results | handler, keeper, true, error. */
static int xpcall_ended(lua_State *L, int status, lua_KContext context)
{
    bool failed = status != LUA_OK && status != LUA_YIELD;
    if (must_pass_on(L, status)) {
        return budget_raise(L);
    }
    if (!failed) {
        return lua_gettop(L) - 2;
    }
    const struct run *run = strand_cell(L)->run;
    lua_pushvalue(L, 1);
    lua_insert(L, -2); /* ... handler error */
    lua_pushlstring(L, run != NULL ? run->trace : "", run != NULL ? run->trace_len : 0);
    forget_trace(L);
    lua_callk(L, 2, 1, context, handler_ended);
    return handler_ended(L, LUA_OK, context);
}

/*
 * xpcall(f, handler, ...) -> true, ... | false, handler(error, trace)
 * The handler runs after the stack was unwound, as ordinary code that can be
 * killed; what it cannot see any more, it is given as text.
 */
static int base_xpcall(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TFUNCTION);
    int arguments = lua_gettop(L) - 2;
    lua_pushvalue(L, 2);
    lua_insert(L, 1); /* handler f handler ... */
    lua_pushcfunction(L, traceback_keep);
    lua_insert(L, 2); /* handler keeper f handler ... */
    lua_pushboolean(L, 1);
    lua_replace(L, 4);
    lua_pushvalue(L, 3);
    lua_remove(L, 3); /* handler keeper true ... f */
    lua_insert(L, 4); /* handler keeper true f ... */
    return xpcall_ended(L, lua_pcallk(L, arguments, LUA_MULTRET, 2, 0, xpcall_ended), 0);
}

/* ---- setmetatable ---- */

/*
 * setmetatable(table, metatable) -> table, once: a second metatable for a weak
 * table crashes the collector, and __gc would run where nothing can stop it.
 */
static int base_setmetatable(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, lua_isnil(L, 2) || lua_istable(L, 2), 2, "nil or table");
    lua_settop(L, 2);
    if (lua_getmetatable(L, 1)) {
        return luaL_error(L, "the table has a metatable already, and it cannot be changed");
    }
    if (lua_istable(L, 2)) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL) {
            return luaL_error(L, "a metatable cannot have __gc here");
        }
        lua_pop(L, 1);
    }
    lua_setmetatable(L, 1);
    return 1;
}

/* ---- tostring ---- */

/* Speck 64/128: a permutation, so that two objects never share a name. */
static uint64_t scramble(const uint64_t key[2], uint64_t value)
{
    uint32_t x = (uint32_t)(value >> 32);
    uint32_t y = (uint32_t)value;
    uint32_t k = (uint32_t)key[0];
    uint32_t l[3] = {(uint32_t)(key[0] >> 32), (uint32_t)key[1], (uint32_t)(key[1] >> 32)};
    for (uint32_t i = 0; i < 27; i++) {
        x = ((x >> 8 | x << 24) + y) ^ k;
        y = (y << 3 | y >> 29) ^ x;
        uint32_t next = (k + (l[i % 3] >> 8 | l[i % 3] << 24)) ^ i;
        l[i % 3] = next;
        k = (k << 3 | k >> 29) ^ next;
    }
    return (uint64_t)x << 32 | y;
}

static void push_name(lua_State *L, int index)
{
    const char *kind = luaL_typename(L, index);
    int type = luaL_getmetafield(L, index, "__name");
    if (type == LUA_TSTRING) {
        kind = lua_tostring(L, -1);
    }
    char id[20];
    const void *address = lua_topointer(L, index);
    snprintf(id, sizeof(id), "%016llx",
             (unsigned long long)scramble(strand_cell(L)->id_key, (uintptr_t)address));
    lua_pushfstring(L, "%s: %s", kind, id);
    if (type != LUA_TNIL) {
        lua_remove(L, -2);
    }
}

const char *lib_base_tostring(lua_State *L, int index, size_t *len)
{
    index = lua_absindex(L, index);
    if (luaL_callmeta(L, index, "__tostring")) {
        if (!lua_isstring(L, -1)) {
            luaL_error(L, "'__tostring' must return a string");
        }
        return lua_tolstring(L, -1, len);
    }
    switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TBOOLEAN:
    case LUA_TNUMBER:
    case LUA_TSTRING:
        return luaL_tolstring(L, index, len); /* no address in these */
    default:
        push_name(L, index);
        return lua_tolstring(L, -1, len);
    }
}

/* tostring(value) -> string */
static int base_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    lib_base_tostring(L, 1, NULL);
    return 1;
}

/* ---- require ---- */

/* Stack: name, loaded, module function. */
static void load_module(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)(uintptr_t)&loading_value);
    lua_setfield(L, 2, lua_tostring(L, 1));
    lua_pushvalue(L, 1);
    int status = lua_pcall(L, 1, 1, 0);
    if (status == LUA_OK) {
        if (lua_isnil(L, -1)) {
            lua_pushboolean(L, 1);
            lua_replace(L, -2);
        }
        lua_pushvalue(L, -1);
        lua_setfield(L, 2, lua_tostring(L, 1));
        return;
    }
    lua_pushnil(L);
    lua_setfield(L, 2, lua_tostring(L, 1)); /* the next require tries again */
    if (must_pass_on(L, status)) {
        budget_raise(L);
    }
    lua_error(L);
}

/* require(name) -> what the module returned; the plugin's own modules only */
int lib_base_require(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &cell_loaded_key);
    lua_getfield(L, 2, name); /* name loaded value */
    if (lua_touserdata(L, 3) == (void *)(uintptr_t)&loading_value) {
        return luaL_error(L, "module '%s' requires itself", name);
    }
    if (!lua_isnil(L, 3)) {
        return 1;
    }
    lua_pop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &cell_modules_key);
    if (lua_getfield(L, 3, name) != LUA_TFUNCTION) {
        return luaL_error(L, "module '%s' is not part of this plugin", name);
    }
    lua_remove(L, 3); /* name loaded function */
    load_module(L);
    return 1;
}

/* ---- opening ---- */

static const luaL_Reg base_functions[] = {
    {"pcall", base_pcall},       {"xpcall", base_xpcall},       {"setmetatable", base_setmetatable},
    {"tostring", base_tostring}, {"require", lib_base_require}, {NULL, NULL},
};

int lib_base_open(lua_State *L)
{
    static const char *const kept[] = {"_G",     "_VERSION", "assert", "error",  "getmetatable",
                                       "ipairs", "next",     "pairs",  "select", "rawequal",
                                       "rawget", "rawlen",   "rawset", "type",   "tonumber"};
    lua_pushcfunction(L, luaopen_base);
    lua_call(L, 0, 1); /* it fills the globals */
    lua_createtable(L, 0, 0);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        lua_getfield(L, -2, kept[i]);
        lua_setfield(L, -2, kept[i]);
    }
    /* What is not named above is gone, whatever a later Lua adds. */
    for (lua_pushnil(L); lua_next(L, -3); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        if (lua_rawget(L, -4) == LUA_TNIL) {
            lua_pushvalue(L, -3);
            lua_pushnil(L);
            lua_rawset(L, -7);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    luaL_setfuncs(L, base_functions, 0);
    return 0;
}
