/*
 * string: patterns, format and rep are ours, the rest is Lua's own, whose
 * loops are no longer than the strings they are given. No string.dump.
 */
#include "lua/lib_match.h"

#include <ctype.h>
#include <string.h>

#define BYTES_AT_ONCE 4096 /* values that string.byte may return */
#define PACK_FORMAT_MAX 1024

/* string.rep(s, n [, separator]) */
static int string_rep(lua_State *L)
{
    size_t len;
    size_t separator_len = 0;
    const char *s = luaL_checklstring(L, 1, &len);
    lua_Integer n = luaL_checkinteger(L, 2);
    const char *separator = luaL_optlstring(L, 3, "", &separator_len);
    size_t max = strand_cell(L)->string_max;
    if (n <= 0 || len + separator_len == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if (len + separator_len > max || (lua_Unsigned)n > max / (len + separator_len)) {
        return luaL_error(L, "resulting string too large");
    }
    size_t total = (size_t)n * len + ((size_t)n - 1) * separator_len;
    luaL_Buffer out;
    char *to = luaL_buffinitsize(L, &out, total);
    memcpy(to, s, len);
    memcpy(to + len, separator, n > 1 ? separator_len : 0);
    /* What is there is copied behind itself, twice as much each time. */
    for (size_t done = n > 1 ? len + separator_len : total; done < total;) {
        size_t more = done < total - done ? done : total - done;
        memcpy(to + done, to, more);
        done += more;
    }
    luaL_pushresultsize(&out, total);
    return 1;
}

/* string.byte(s [, i [, j]]) with at most BYTES_AT_ONCE results */
static int string_byte(lua_State *L)
{
    size_t len;
    const char *s = luaL_checklstring(L, 1, &len);
    lua_Integer size = (lua_Integer)len;
    lua_Integer i = luaL_optinteger(L, 2, 1);
    lua_Integer j = luaL_optinteger(L, 3, i);
    i = i < -size ? 1 : i < 0 ? size + i + 1 : i < 1 ? 1 : i;
    j = j < -size ? 0 : j < 0 ? size + j + 1 : j > size ? size : j;
    if (i > j) {
        return 0;
    }
    if (j - i >= BYTES_AT_ONCE) {
        return luaL_error(L, "more than %d bytes at once", BYTES_AT_ONCE);
    }
    luaL_checkstack(L, (int)(j - i + 1), "string slice too long");
    for (lua_Integer at = i; at <= j; at++) {
        lua_pushinteger(L, (unsigned char)s[at - 1]);
    }
    return (int)(j - i + 1);
}

/*
 * pack, unpack and packsize are Lua's (upvalue 1). What a format can ask for
 * beyond its values is fixed-size strings: their sum is limited here.
 */
static int string_packing(lua_State *L)
{
    size_t len;
    const char *format = luaL_checklstring(L, 1, &len);
    size_t max = strand_cell(L)->string_max;
    size_t sum = 0;
    luaL_argcheck(L, len <= PACK_FORMAT_MAX, 1, "format too long");
    for (size_t i = 0; i < len; i++) {
        if (format[i] != 'c') {
            continue;
        }
        size_t size = 0;
        for (; i + 1 < len && isdigit((unsigned char)format[i + 1]) && size <= max; i++) {
            size = size * 10 + (size_t)(format[i + 1] - '0');
        }
        sum += size;
        luaL_argcheck(L, sum <= max, 1, "format asks for too much");
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/* ---- opening ---- */

static const luaL_Reg string_functions[] = {
    {"rep", string_rep},           {"byte", string_byte},
    {"format", lib_string_format}, {"find", lib_string_find},
    {"match", lib_string_match},   {"gmatch", lib_string_gmatch},
    {"gsub", lib_string_gsub},     {NULL, NULL},
};

/* The metatable of strings, which Lua's opener made, with our table and locked. */
static void set_string_metatable(lua_State *L)
{
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1); /* string "" metatable */
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}

int lib_string_open(lua_State *L)
{
    static const char *const kept[] = {"char", "len", "lower", "upper", "reverse", "sub"};
    static const char *const packing[] = {"pack", "unpack", "packsize"};
    pattern_prepare();
    luaL_newlib(L, string_functions);
    lua_pushcfunction(L, luaopen_string);
    lua_call(L, 0, 1); /* ours stock */
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        lua_getfield(L, -1, kept[i]);
        lua_setfield(L, -3, kept[i]);
    }
    for (size_t i = 0; i < sizeof(packing) / sizeof(packing[0]); i++) {
        lua_getfield(L, -1, packing[i]);
        lua_pushcclosure(L, string_packing, 1);
        lua_setfield(L, -3, packing[i]);
    }
    lua_pop(L, 1);
    set_string_metatable(L);
    lua_setglobal(L, "string");
    return 0;
}
