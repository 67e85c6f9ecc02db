/* mesh.json: what a plugin does with JSON text itself. */
#include "host/base/err.h"
#include "lua/failure.h"
#include "lua/json.h"

#include <lauxlib.h>
#include <stdio.h>

#define SCRATCH_TYPE "mesh.json.scratch"
#define SCRATCH_KEEP_MAX (64U * 1024) /* bytes kept for the next call */
#define SCRATCH_KEEP_NODES 1024

/* One a state, an upvalue of the functions, so nothing leaks when a call raises. */
struct scratch {
    struct buf out;
    struct json_doc doc;
};

static int scratch_gc(lua_State *L)
{
    struct scratch *scratch = lua_touserdata(L, 1);
    buf_close(&scratch->out);
    json_close(&scratch->doc);
    return 0;
}

static struct scratch *scratch_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

static int encode(lua_State *L, bool canonical)
{
    char message[JSON_MESSAGE_MAX];
    luaL_checkany(L, 1);
    struct buf *out = &scratch_of(L)->out;
    if (out->capacity > SCRATCH_KEEP_MAX) {
        buf_close(out);
    }
    buf_clear(out);
    int err = json_encode(L, 1, out, NULL, canonical, message, sizeof(message));
    if (err) {
        return luaL_error(L, "%s", message);
    }
    lua_pushlstring(L, out->data, out->len);
    return 1;
}

/* mesh.json.encode(value) -> text */
static int lib_encode(lua_State *L)
{
    return encode(L, false);
}

/* mesh.json.canonical(value) -> text, the same for equal values */
static int lib_canonical(lua_State *L)
{
    return encode(L, true);
}

static int parse_problem(lua_State *L, const struct json_doc *doc, int err)
{
    char message[JSON_MESSAGE_MAX];
    if (err == ERR_NOMEM || err == ERR_TOO_LARGE) {
        return failure_return(L, failure_code_of(err), err_text(err));
    }
    snprintf(message, sizeof(message), "%s at byte %zu", err_text(err), doc->error_offset + 1);
    return failure_return(L, RPC_INVALID_PARAMS, message);
}

/* mesh.json.decode(text) -> value, or nil and an error value */
static int lib_decode(lua_State *L)
{
    struct bytes text;
    text.data = luaL_checklstring(L, 1, &text.len);
    struct json_doc *doc = &scratch_of(L)->doc;
    if (text.len > JSON_LIB_BYTES_MAX) {
        return parse_problem(L, doc, ERR_TOO_LARGE);
    }
    if (doc->capacity > SCRATCH_KEEP_NODES || doc->text.capacity > SCRATCH_KEEP_MAX) {
        json_close(doc);
        json_open(doc);
    }
    int err = json_parse(doc, text, &(struct json_limits){.nodes_max = JSON_LIB_NODES_MAX});
    if (err) {
        return parse_problem(L, doc, err);
    }
    json_push(L, doc, &doc->nodes[0]);
    return 1;
}

/* mesh.json.array(table?) -> the table, marked as an array */
static int lib_array(lua_State *L)
{
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_createtable(L, 0, 0);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    if (json_is_array(L, 1)) {
        return 1;
    }
    /* Some releases of Lua do not survive a metatable that is replaced. */
    luaL_argcheck(L, !lua_getmetatable(L, 1), 1, "the table has a metatable already");
    json_push_array_metatable(L);
    lua_setmetatable(L, 1);
    return 1;
}

static const luaL_Reg lib[] = {
    {"encode", lib_encode}, {"canonical", lib_canonical},
    {"decode", lib_decode}, {"array", lib_array},
    {NULL, NULL},
};

static void push_scratch(lua_State *L)
{
    struct scratch *scratch = lua_newuserdatauv(L, sizeof(*scratch), 0); /* scratch */
    buf_open(&scratch->out, JSON_LIB_BYTES_MAX);
    json_open(&scratch->doc);
    if (luaL_newmetatable(L, SCRATCH_TYPE)) {
        lua_pushcfunction(L, scratch_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
}

void json_open_lib(lua_State *L)
{
    luaL_checkstack(L, 6, NULL);
    lua_createtable(L, 0, 5); /* lib */
    push_scratch(L);          /* lib scratch */
    luaL_setfuncs(L, lib, 1);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
}
