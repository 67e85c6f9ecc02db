/* find, match, gmatch and gsub over lib_match.h. */
#include "lua/lib_match.h"

#include <string.h>

#define SPECIALS "^$*+?.([%-"

/* Lua's positions, from 1 or from the end, as an offset; past the end is len + 1. */
static size_t offset_of(lua_Integer position, size_t len)
{
    if (position > 0) {
        return (lua_Unsigned)position - 1 > len ? len + 1 : (size_t)position - 1;
    }
    if (position == 0 || position < -(lua_Integer)len) {
        return 0;
    }
    return len - (size_t)-position;
}

static bool is_plain(const char *pattern, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (pattern[i] != '\0' && strchr(SPECIALS, pattern[i]) != NULL) {
            return false;
        }
    }
    return true;
}

static int find_plain(lua_State *L, const char *s, size_t len, size_t from, const char *what,
                      size_t what_len)
{
    const char *found = memmem(s + from, len - from, what, what_len);
    if (found == NULL) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, found - s + 1);
    lua_pushinteger(L, found - s + (lua_Integer)what_len);
    return 2;
}

static int find_or_match(lua_State *L, bool is_find)
{
    size_t len;
    size_t pattern_len;
    const char *s = luaL_checklstring(L, 1, &len);
    const char *text = luaL_checklstring(L, 2, &pattern_len);
    size_t from = offset_of(luaL_optinteger(L, 3, 1), len);
    if (from > len) {
        lua_pushnil(L);
        return 1;
    }
    if (is_find && (lua_toboolean(L, 4) || is_plain(text, pattern_len))) {
        return find_plain(L, s, len, from, text, pattern_len);
    }
    struct pattern pattern;
    struct match match;
    pattern_compile(L, &pattern, text, pattern_len, false);
    match_open(&match, L, &pattern, s, len);
    const char *start;
    const char *end = match_from(&match, s + from, &start);
    if (end == NULL) {
        lua_pushnil(L);
        return 1;
    }
    if (!is_find) {
        return match_push_all(&match, start, end);
    }
    lua_pushinteger(L, start - s + 1);
    lua_pushinteger(L, end - s);
    return match.captures_count > 0 ? match_push_all(&match, start, end) + 2 : 2;
}

/* string.find(s, pattern [, init [, plain]]) */
int lib_string_find(lua_State *L)
{
    return find_or_match(L, true);
}

/* string.match(s, pattern [, init]) */
int lib_string_match(lua_State *L)
{
    return find_or_match(L, false);
}

/* Upvalues: subject, pattern, offset to go on from, end of the last match or -1. */
static int gmatch_next(lua_State *L)
{
    size_t len;
    size_t pattern_len;
    const char *s = lua_tolstring(L, lua_upvalueindex(1), &len);
    const char *text = lua_tolstring(L, lua_upvalueindex(2), &pattern_len);
    size_t from = (size_t)lua_tointeger(L, lua_upvalueindex(3));
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
    struct pattern pattern;
    struct match match;
    pattern_compile(L, &pattern, text, pattern_len, true);
    match_open(&match, L, &pattern, s, len);
    while (from <= len) {
        const char *start;
        const char *end = match_from(&match, s + from, &start);
        if (end == NULL) {
            break;
        }
        if (end - s != last) { /* an empty one right behind the last is none */
            lua_pushinteger(L, end - s);
            lua_copy(L, -1, lua_upvalueindex(3));
            lua_replace(L, lua_upvalueindex(4));
            return match_push_all(&match, start, end);
        }
        from = (size_t)(start - s) + 1;
    }
    lua_pushinteger(L, (lua_Integer)len + 1);
    lua_replace(L, lua_upvalueindex(3));
    return 0;
}

/* string.gmatch(s, pattern [, init]) -> iterator */
int lib_string_gmatch(lua_State *L)
{
    size_t len;
    luaL_checklstring(L, 1, &len);
    luaL_checkstring(L, 2);
    size_t from = offset_of(luaL_optinteger(L, 3, 1), len);
    lua_settop(L, 2);
    lua_pushinteger(L, (lua_Integer)from);
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, gmatch_next, 4);
    return 1;
}

/* ---- gsub ---- */

static void check_size(lua_State *L, const luaL_Buffer *out)
{
    if (luaL_bufflen(out) > strand_cell(L)->string_max) {
        luaL_error(L, "resulting string too large");
    }
}

/* The replacement text with %0 to %9 filled in. */
static void add_text(struct match *match, luaL_Buffer *out, const char *start, const char *end)
{
    lua_State *L = match->L;
    size_t len;
    const char *text = lua_tolstring(L, 3, &len);
    const char *text_end = text + len;
    const char *escape;
    while ((escape = memchr(text, '%', (size_t)(text_end - text))) != NULL) {
        luaL_addlstring(out, text, (size_t)(escape - text));
        char what = escape + 1 < text_end ? escape[1] : '\0';
        if (what == '%') {
            luaL_addchar(out, '%');
        } else if (what == '0') {
            luaL_addlstring(out, start, (size_t)(end - start));
        } else if (what >= '1' && what <= '9') {
            match_push(match, what - '1', start, end);
            luaL_tolstring(L, -1, NULL);
            lua_remove(L, -2);
            luaL_addvalue(out);
        } else {
            luaL_error(L, "invalid use of '%%' in replacement string");
        }
        text = escape + 2;
        check_size(L, out);
    }
    luaL_addlstring(out, text, (size_t)(text_end - text));
}

static void add_replacement(struct match *match, luaL_Buffer *out, const char *start,
                            const char *end, int type)
{
    lua_State *L = match->L;
    if (type == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        int count = match_push_all(match, start, end);
        lua_call(L, count, 1);
    } else if (type == LUA_TTABLE) {
        match_push(match, 0, start, end);
        lua_gettable(L, 3);
    } else {
        add_text(match, out, start, end);
        check_size(L, out);
        return;
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(out, start, (size_t)(end - start));
    } else if (!lua_isstring(L, -1)) {
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    } else {
        luaL_addvalue(out);
    }
    check_size(L, out);
}

/* string.gsub(s, pattern, replacement [, n]) -> string, number of replacements */
int lib_string_gsub(lua_State *L)
{
    size_t len;
    size_t pattern_len;
    const char *s = luaL_checklstring(L, 1, &len);
    const char *text = luaL_checklstring(L, 2, &pattern_len);
    int type = lua_type(L, 3);
    luaL_argexpected(L,
                     type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION ||
                         type == LUA_TTABLE,
                     3, "string/function/table");
    if (type == LUA_TNUMBER) {
        lua_tostring(L, 3);
    }
    lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)len + 1);
    lua_settop(L, 4);
    struct pattern pattern;
    struct match match;
    pattern_compile(L, &pattern, text, pattern_len, false);
    match_open(&match, L, &pattern, s, len);
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    const char *at = s; /* what is before it is in out */
    const char *last = NULL;
    lua_Integer count = 0;
    for (const char *from = s; count < most && from <= match.end;) {
        const char *start;
        const char *end = match_from(&match, from, &start);
        if (end == NULL) {
            break;
        }
        if (end == last) { /* an empty one right behind the last is none */
            from = start + 1;
        } else {
            luaL_addlstring(&out, at, (size_t)(start - at));
            add_replacement(&match, &out, start, end, type);
            at = from = last = end;
            count++;
        }
        if (pattern.anchored) {
            break;
        }
    }
    luaL_addlstring(&out, at, (size_t)(match.end - at));
    check_size(L, &out);
    luaL_pushresult(&out);
    lua_pushinteger(L, count);
    return 2;
}
