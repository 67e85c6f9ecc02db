#include "lua/pack.h"

#include "host/base/err.h"
#include "host/base/utf8.h"
#include "lua/json.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#define VARINT_BYTES_MAX 10
#define PATH_NAME_MAX 64

struct packer {
    lua_State *L;
    struct buf *out;
    unsigned depth;
    unsigned nodes;
    const char *why;
    struct bytes name; /* the innermost named member around what failed */
};

static int pack_at(struct packer *p, int index);

static int fail(struct packer *p, int err, const char *why)
{
    p->why = why;
    return err;
}

static int put_varint(struct buf *out, uint64_t value)
{
    char bytes[VARINT_BYTES_MAX];
    size_t len = 0;
    do {
        uint8_t low = value & 0x7f;
        value >>= 7;
        bytes[len++] = (char)(value ? low | 0x80 : low);
    } while (value);
    return buf_append(out, (struct bytes){bytes, len});
}

static int pack_number(struct packer *p, int index)
{
    if (lua_isinteger(p->L, index)) {
        uint64_t value = (uint64_t)lua_tointeger(p->L, index);
        buf_append_char(p->out, 'i');
        return put_varint(p->out, (value << 1) ^ (0 - (value >> 63)));
    }
    lua_Number value = lua_tonumber(p->L, index);
    buf_append_char(p->out, 'd');
    return buf_append(p->out, (struct bytes){(const char *)&value, sizeof(value)});
}

static int pack_string(struct packer *p, int index)
{
    struct bytes text;
    text.data = lua_tolstring(p->L, index, &text.len);
    buf_append_char(p->out, 's');
    put_varint(p->out, text.len);
    return buf_append(p->out, text);
}

/* True for the integer keys 1 to items, which go without their keys. */
static bool is_item(lua_State *L, int index, lua_Integer items)
{
    if (!lua_isinteger(L, index)) {
        return false;
    }
    lua_Integer key = lua_tointeger(L, index);
    return key >= 1 && key <= items;
}

static size_t count_pairs(struct packer *p, int table, lua_Integer items)
{
    size_t pairs = 0;
    lua_pushnil(p->L);
    while (lua_next(p->L, table)) {
        lua_pop(p->L, 1);
        pairs += is_item(p->L, -1, items) ? 0 : 1;
    }
    return pairs;
}

static int pack_items(struct packer *p, int table, lua_Integer items)
{
    for (lua_Integer i = 1; i <= items; i++) {
        lua_rawgeti(p->L, table, i);
        int err = pack_at(p, lua_gettop(p->L));
        lua_pop(p->L, 1);
        if (err) {
            return err;
        }
    }
    return 0;
}

/* Packs the key and value on top of the stack. */
static int pack_pair(struct packer *p)
{
    int value = lua_gettop(p->L);
    int type = lua_type(p->L, value - 1);
    if (type != LUA_TSTRING && type != LUA_TNUMBER && type != LUA_TBOOLEAN) {
        return fail(p, ERR_INVALID, "a key is no string, number or boolean");
    }
    int err = pack_at(p, value - 1);
    err = err ? err : pack_at(p, value);
    if (err && p->name.data == NULL && type == LUA_TSTRING) {
        p->name.data = lua_tolstring(p->L, value - 1, &p->name.len);
    }
    return err;
}

static int pack_pairs(struct packer *p, int table, lua_Integer items)
{
    lua_pushnil(p->L);
    while (lua_next(p->L, table)) {
        int err = is_item(p->L, -2, items) ? 0 : pack_pair(p);
        lua_pop(p->L, 1); /* key */
        if (err) {
            lua_pop(p->L, 1);
            return err;
        }
    }
    return p->out->err;
}

static int pack_table(struct packer *p, int table)
{
    if (p->depth == PACK_DEPTH_MAX) {
        return fail(p, ERR_DEPTH, "tables inside each other too deeply, or in a circle");
    }
    if (!lua_checkstack(p->L, 6)) {
        return fail(p, ERR_NOMEM, "out of memory");
    }
    size_t items = lua_rawlen(p->L, table);
    size_t pairs = items > PACK_NODES_MAX ? 0 : count_pairs(p, table, (lua_Integer)items);
    if (items > PACK_NODES_MAX || pairs > PACK_NODES_MAX) {
        return fail(p, ERR_TOO_LARGE, "too many values");
    }
    p->depth++;
    buf_append_char(p->out, json_is_array(p->L, table) ? 'a' : 'T');
    put_varint(p->out, items);
    put_varint(p->out, pairs);
    int err = pack_items(p, table, (lua_Integer)items);
    err = err ? err : pack_pairs(p, table, (lua_Integer)items);
    p->depth--;
    return err;
}

static int pack_at(struct packer *p, int index)
{
    if (++p->nodes > PACK_NODES_MAX) {
        return fail(p, ERR_TOO_LARGE, "too many values");
    }
    switch (lua_type(p->L, index)) {
    case LUA_TNIL:
        return buf_append_char(p->out, 'n');
    case LUA_TBOOLEAN:
        return buf_append_char(p->out, lua_toboolean(p->L, index) ? 't' : 'f');
    case LUA_TNUMBER:
        return pack_number(p, index);
    case LUA_TSTRING:
        return pack_string(p, index);
    case LUA_TTABLE:
        return pack_table(p, index);
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(p->L, index) == NULL) {
            return buf_append_char(p->out, '0');
        }
        return fail(p, ERR_INVALID, "a userdata is not plain data");
    case LUA_TFUNCTION:
        return fail(p, ERR_INVALID, "a function is not plain data");
    case LUA_TTHREAD:
        return fail(p, ERR_INVALID, "a coroutine is not plain data");
    default:
        return fail(p, ERR_INVALID, "a userdata is not plain data");
    }
}

static void write_message(const struct packer *p, int err, char *message, size_t message_size)
{
    const char *why = p->why ? p->why : err == ERR_TOO_LARGE ? "too large" : err_text(err);
    if (p->name.data == NULL || p->name.len > PATH_NAME_MAX || !utf8_is_valid(p->name)) {
        snprintf(message, message_size, "%s", why);
        return;
    }
    snprintf(message, message_size, "\"%.*s\": %s", (int)p->name.len, p->name.data, why);
}

int pack_write(lua_State *L, int index, struct buf *out, char *message, size_t message_size)
{
    struct packer p = {.L = L, .out = out};
    size_t len_before = out->len;
    int err_before = out->err;
    int top = lua_gettop(L);
    int err = lua_checkstack(L, 6) ? pack_at(&p, lua_absindex(L, index)) : ERR_NOMEM;
    err = err ? err : out->err;
    if (err) {
        if (message != NULL) {
            write_message(&p, err, message, message_size);
        }
        out->len = len_before;
        out->err = err_before;
    }
    lua_settop(L, top);
    return err;
}
