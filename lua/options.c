#include "lua/options.h"

#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/base/schema.h"
#include "lua/gate.h"
#include "lua/json.h"

#include <lauxlib.h>
#include <string.h>

#define DOCUMENT_BYTES_MAX 65536

int options_member(lua_State *L, int index, const char *name)
{
    if (lua_isnoneornil(L, index)) {
        lua_pushnil(L);
        return LUA_TNIL;
    }
    luaL_checktype(L, index, LUA_TTABLE);
    index = lua_absindex(L, index);
    lua_pushstring(L, name);
    return lua_rawget(L, index);
}

bool options_flag(lua_State *L, int index, const char *name, bool otherwise)
{
    bool value = otherwise;
    int type = options_member(L, index, name);
    if (type != LUA_TNIL) {
        if (type != LUA_TBOOLEAN) {
            gate_error(L, "option %s: a boolean was expected", name);
        }
        value = lua_toboolean(L, -1);
    }
    lua_pop(L, 1);
    return value;
}

double options_number(lua_State *L, int index, const char *name, double otherwise)
{
    double value = otherwise;
    int type = options_member(L, index, name);
    if (type != LUA_TNIL) {
        if (type != LUA_TNUMBER) {
            gate_error(L, "option %s: a number was expected", name);
        }
        value = lua_tonumber(L, -1);
    }
    lua_pop(L, 1);
    return value;
}

const char *options_text(lua_State *L, int index, const char *name)
{
    const char *value = NULL;
    int type = options_member(L, index, name);
    if (type != LUA_TNIL) {
        if (type != LUA_TSTRING) {
            gate_error(L, "option %s: a string was expected", name);
        }
        value = lua_tostring(L, -1);
    }
    lua_pop(L, 1);
    return value;
}

void options_list(lua_State *L, int index, const char *name, struct text_list *list)
{
    if (options_member(L, index, name) == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    luaL_checktype(L, -1, LUA_TTABLE);
    size_t count = lua_rawlen(L, -1);
    if (count > MANIFEST_LIST_MAX) {
        gate_error(L, "option %s: at most %d names", name, MANIFEST_LIST_MAX);
    }
    list->items = mem_alloc_array(count ? count : 1, sizeof(char *));
    for (size_t i = 0; i < count; i++) {
        if (lua_rawgeti(L, -1, (lua_Integer)i + 1) != LUA_TSTRING) {
            gate_error(L, "option %s: a list of strings was expected", name);
        }
        size_t len;
        const char *text = lua_tolstring(L, -1, &len);
        list->items[list->count++] = mem_copy_text(text, len);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* Both 0 and the JSON text of the value on top in out, or the reason in why. */
static int encode_top(lua_State *L, struct buf *out, char *why, size_t why_size)
{
    buf_open(out, DOCUMENT_BYTES_MAX);
    int err = json_encode(L, -1, out, NULL, true, why, why_size); /* the same text at each start */
    if (err) {
        buf_close(out);
    }
    return err;
}

static int compile(struct buf *text, struct schema **out, struct schema_error *error)
{
    struct json_doc doc;
    json_open(&doc);
    int err = json_parse(&doc, buf_bytes(text), NULL);
    if (!err) {
        err = schema_new(out, &doc, doc.nodes, error);
    }
    json_close(&doc);
    buf_close(text);
    return err;
}

void options_schema(lua_State *L, int index, const char *name, struct schema **out)
{
    struct schema_error error = {"", ""};
    char why[JSON_MESSAGE_MAX];
    struct buf text;
    if (options_member(L, index, name) == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    if (encode_top(L, &text, why, sizeof(why))) {
        gate_error(L, "schema %s: %s", name, why);
    }
    if (compile(&text, out, &error)) {
        gate_error(L, "schema %s%s: %s", name, error.path, error.message);
    }
    lua_pop(L, 1);
}

char *options_document(lua_State *L, int index)
{
    char why[JSON_MESSAGE_MAX];
    struct buf text;
    if (lua_isnoneornil(L, index)) {
        return NULL;
    }
    lua_pushvalue(L, index);
    if (encode_top(L, &text, why, sizeof(why))) {
        gate_error(L, "options: %s", why);
    }
    lua_pop(L, 1);
    char *copy = mem_copy_text(text.data, text.len);
    buf_close(&text);
    return copy;
}
