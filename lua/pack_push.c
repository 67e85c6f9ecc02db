/* The reading half of lua/pack.h. The bytes may be anything: each count is checked against what is
 * left before memory is asked for. */
#include "host/base/err.h"
#include "lua/json.h"
#include "lua/pack.h"

#include <lauxlib.h>
#include <string.h>

struct unpacker {
    lua_State *L;
    const char *at;
    const char *end;
    unsigned depth;
    unsigned nodes; /* known of, the root included */
};

static int push_at(struct unpacker *u);

static size_t left(const struct unpacker *u)
{
    return (size_t)(u->end - u->at);
}

static int take_varint(struct unpacker *u, uint64_t *value)
{
    uint64_t read = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (u->at == u->end) {
            return ERR_SYNTAX;
        }
        uint8_t byte = (uint8_t)*u->at++;
        if (shift == 63 && byte > 1) {
            return ERR_SYNTAX;
        }
        read |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            *value = read;
            return 0;
        }
    }
    return ERR_SYNTAX;
}

static int push_integer(struct unpacker *u)
{
    uint64_t zigzag = 0;
    int err = take_varint(u, &zigzag);
    if (!err) {
        lua_pushinteger(u->L, (lua_Integer)((zigzag >> 1) ^ (0 - (zigzag & 1))));
    }
    return err;
}

static int push_float(struct unpacker *u)
{
    lua_Number value;
    if (left(u) < sizeof(value)) {
        return ERR_SYNTAX;
    }
    memcpy(&value, u->at, sizeof(value));
    u->at += sizeof(value);
    lua_pushnumber(u->L, value);
    return 0;
}

static int push_string(struct unpacker *u)
{
    uint64_t len = 0;
    int err = take_varint(u, &len);
    if (err || len > left(u)) {
        return ERR_SYNTAX;
    }
    lua_pushlstring(u->L, u->at, (size_t)len);
    u->at += len;
    return 0;
}

static int push_items(struct unpacker *u, uint64_t items)
{
    for (uint64_t i = 1; i <= items; i++) {
        int err = push_at(u);
        if (err) {
            return err;
        }
        lua_rawseti(u->L, -2, (lua_Integer)i);
    }
    return 0;
}

/* A key that Lua would refuse, or that pack_write never writes. */
static bool key_is_good(lua_State *L)
{
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
    case LUA_TBOOLEAN:
        return true;
    case LUA_TNUMBER:
        return lua_isinteger(L, -1) || lua_tonumber(L, -1) == lua_tonumber(L, -1);
    default:
        return false;
    }
}

static int push_pairs(struct unpacker *u, uint64_t pairs)
{
    for (uint64_t i = 0; i < pairs; i++) {
        int err = push_at(u);
        if (!err && !key_is_good(u->L)) {
            err = ERR_SYNTAX;
        }
        err = err ? err : push_at(u);
        if (err) {
            return err;
        }
        lua_rawset(u->L, -3);
    }
    return 0;
}

static int push_table(struct unpacker *u, bool is_array)
{
    uint64_t items = 0;
    uint64_t pairs = 0;
    if (u->depth == PACK_DEPTH_MAX) {
        return ERR_DEPTH;
    }
    if (take_varint(u, &items) || take_varint(u, &pairs)) {
        return ERR_SYNTAX;
    }
    /* An item takes a byte at least, a pair two. */
    if (items > left(u) || pairs > (left(u) - items) / 2) {
        return ERR_SYNTAX;
    }
    /* Counted here and not when they come: so all open tables together promise no more. */
    if (items + 2 * pairs > PACK_NODES_MAX - u->nodes) {
        return ERR_TOO_LARGE;
    }
    u->nodes += (unsigned)(items + 2 * pairs);
    luaL_checkstack(u->L, 6, "plain data");
    u->depth++;
    lua_createtable(u->L, (int)items, (int)pairs);
    int err = push_items(u, items);
    err = err ? err : push_pairs(u, pairs);
    u->depth--;
    if (!err && is_array) {
        json_push_array_metatable(u->L);
        lua_setmetatable(u->L, -2);
    }
    return err;
}

/* On an error whatever was pushed stays for pack_push to take away. */
static int push_at(struct unpacker *u)
{
    if (u->at == u->end) {
        return ERR_SYNTAX;
    }
    switch (*u->at++) {
    case 'n':
        lua_pushnil(u->L);
        return 0;
    case 'f':
        lua_pushboolean(u->L, 0);
        return 0;
    case 't':
        lua_pushboolean(u->L, 1);
        return 0;
    case '0':
        lua_pushlightuserdata(u->L, NULL);
        return 0;
    case 'i':
        return push_integer(u);
    case 'd':
        return push_float(u);
    case 's':
        return push_string(u);
    case 'T':
        return push_table(u, false);
    case 'a':
        return push_table(u, true);
    default:
        return ERR_SYNTAX;
    }
}

int pack_push(lua_State *L, struct bytes in)
{
    struct unpacker u = {
        .L = L, .nodes = 1, .at = in.data, .end = in.len == 0 ? in.data : in.data + in.len};
    int top = lua_gettop(L);
    luaL_checkstack(L, 6, "plain data");
    int err = in.len == 0 ? ERR_SYNTAX : push_at(&u);
    if (!err && u.at != u.end) {
        err = ERR_SYNTAX;
    }
    if (err) {
        lua_settop(L, top);
    }
    return err;
}
