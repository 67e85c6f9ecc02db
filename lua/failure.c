#include "lua/failure.h"

#include "host/base/err.h"
#include "lua/core.h"
#include "lua/gate.h"
#include "lua/json.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FAILURE_TYPE "mesh.error"

void failure_open(struct failure *failure)
{
    memset(failure, 0, sizeof(*failure));
    buf_open(&failure->data, FAILURE_DATA_MAX);
}

void failure_close(struct failure *failure)
{
    buf_close(&failure->data);
}

void failure_set(struct failure *failure, enum rpc_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    failure->code = code;
    vsnprintf(failure->message, sizeof(failure->message), format, args);
    va_end(args);
}

static void add_name(struct failure *failure, const char *name)
{
    if (failure->data.len) {
        buf_append_char(&failure->data, ',');
    }
    json_write_string(&failure->data, bytes_of(name));
    buf_append_char(&failure->data, ':');
}

void failure_add_text(struct failure *failure, const char *name, struct bytes value)
{
    add_name(failure, name);
    json_write_string(&failure->data, value);
}

void failure_add_integer(struct failure *failure, const char *name, int64_t value)
{
    add_name(failure, name);
    buf_append_integer(&failure->data, value);
}

enum rpc_code failure_code_of(int err)
{
    switch (err) {
    case ERR_TIMEOUT:
        return RPC_TIMEOUT;
    case ERR_GUARD:
    case ERR_CONSTRAINT:
    case ERR_EXISTS:
        return RPC_CONFLICT;
    case ERR_TOO_LARGE:
        return RPC_TOO_LARGE;
    case ERR_NOT_FOUND:
        return RPC_NOT_FOUND;
    case ERR_PLUGIN:
    case ERR_BUDGET:
        return RPC_PLUGIN_ERROR;
    default:
        return RPC_UNAVAILABLE;
    }
}

/* Makes the error table {type, message} with its metatable; data is the caller's to set. */
static void push_error(lua_State *L, const char *type, const char *message)
{
    lua_createtable(L, 0, 3);
    lua_pushstring(L, type);
    lua_setfield(L, -2, "type");
    lua_pushstring(L, message);
    lua_setfield(L, -2, "message");
    luaL_setmetatable(L, FAILURE_TYPE);
}

int failure_return(lua_State *L, enum rpc_code code, const char *message)
{
    lua_pushnil(L);
    push_error(L, rpc_type(code), message);
    return 2;
}

void failure_push(lua_State *L, const struct failure *failure)
{
    push_error(L, failure->kind[0] ? failure->kind : rpc_type(failure->code), failure->message);
    if (!failure->data.len) {
        return;
    }
    /* The members were written as JSON by us; reading them back can't fail but for memory. */
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    luaL_addchar(&text, '{');
    luaL_addlstring(&text, failure->data.data, failure->data.len);
    luaL_addchar(&text, '}');
    luaL_pushresult(&text); /* error json */
    /* The worker's scratch, because pushing may raise. */
    struct json_doc *doc = &plugin_cell_of(L)->worker->doc;
    struct bytes json;
    json.data = lua_tolstring(L, -1, &json.len);
    if (json_parse(doc, json, NULL) == 0 && lua_checkstack(L, 8)) {
        json_push(L, doc, doc->nodes); /* error json data */
        lua_setfield(L, -3, "data");
    }
    lua_pop(L, 1);
}

static bool is_error(lua_State *L, int index)
{
    if (!lua_istable(L, index) || !lua_getmetatable(L, index)) {
        return false;
    }
    luaL_getmetatable(L, FAILURE_TYPE);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

static const char *raw_text(lua_State *L, int index, const char *name)
{
    lua_pushstring(L, name);
    lua_rawget(L, index);
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    lua_pop(L, 1); /* the table still holds it */
    return text;
}

/* Writes the members of the table on top as they stand inside an object's braces. */
static void read_data(lua_State *L, struct failure *failure)
{
    struct buf out;
    char why[JSON_MESSAGE_MAX];
    buf_open(&out, FAILURE_DATA_MAX);
    if (json_encode(L, -1, &out, NULL, false, why, sizeof(why)) == 0 && out.len > 2 &&
        out.data[0] == '{') {
        buf_append(&failure->data, (struct bytes){out.data + 1, out.len - 2});
    }
    buf_close(&out);
}

bool failure_read(lua_State *L, int index, struct failure *failure)
{
    index = lua_absindex(L, index);
    if (!is_error(L, index)) {
        return false;
    }
    const char *type = raw_text(L, index, "type");
    const char *message = raw_text(L, index, "message");
    enum rpc_code code = type ? rpc_code_of(bytes_of(type)) : 0;
    if (type && !code) {
        snprintf(failure->kind, sizeof(failure->kind), "%s", type);
        code = RPC_CONFLICT;
    }
    failure_set(failure, code ? code : RPC_INTERNAL, "%s", message ? message : "");
    lua_pushliteral(L, "data");
    lua_rawget(L, index);
    if (lua_istable(L, -1)) {
        read_data(L, failure);
    }
    lua_pop(L, 1);
    return true;
}

/* mesh.error(type, message, data) -> error */
int failure_make(lua_State *L)
{
    const char *type = luaL_checkstring(L, 1);
    const char *message = luaL_optstring(L, 2, type);
    enum rpc_code code = rpc_code_of(bytes_of(type));
    if (!code || code == RPC_PLUGIN_ERROR || code == RPC_INTERNAL || code == RPC_PARSE_ERROR) {
        return gate_error(L, "mesh.error: \"%s\" is not an error type of the protocol", type);
    }
    if (!lua_isnoneornil(L, 3)) {
        luaL_checktype(L, 3, LUA_TTABLE);
    }
    push_error(L, type, message);
    if (lua_istable(L, 3)) {
        lua_pushvalue(L, 3);
        lua_setfield(L, -2, "data");
    }
    return 1;
}

void failure_open_lib(lua_State *L)
{
    luaL_newmetatable(L, FAILURE_TYPE);
    lua_pop(L, 1);
}
