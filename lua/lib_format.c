/* string.format without %p, whose results are limited and never show an address. */
#include "lua/cell_private.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_BYTES_MAX 512 /* %99.99f of the largest number takes 409 */
#define SPEC_MAX 16

struct spec {
    char text[SPEC_MAX]; /* "%-08.3" */
    size_t len;
    char conversion;
};

/* Reads one specification after its %; gives what follows it. */
static const char *read_spec(lua_State *L, struct spec *spec, const char *at, const char *end)
{
    spec->text[0] = '%';
    spec->len = 1;
    unsigned digits = 0;
    bool is_precision = false;
    for (; at < end; at++) {
        char c = *at;
        bool is_flag = digits == 0 && !is_precision && c != '\0' && strchr("-+ #0", c) != NULL;
        bool is_digit = isdigit((unsigned char)c);
        if ((is_flag && spec->len < 6) || (is_digit && ++digits <= 2)) {
            spec->text[spec->len++] = c;
        } else if (c == '.' && !is_precision) {
            spec->text[spec->len++] = c;
            is_precision = true;
            digits = 0;
        } else {
            break;
        }
    }
    spec->conversion = at < end ? *at : '\0';
    if (spec->conversion == '\0' || isdigit((unsigned char)spec->conversion) ||
        strchr("cdiuoxXaAeEfFgGqs", spec->conversion) == NULL) {
        spec->text[spec->len] = '\0';
        luaL_error(L, "invalid conversion '%s%c' to 'format'", spec->text,
                   spec->conversion ? spec->conversion : ' ');
    }
    return at + 1;
}

/* Five flags, two digits, a dot, two digits and this: fits. */
static void close_spec(struct spec *spec, const char *size)
{
    while (*size != '\0') {
        spec->text[spec->len++] = *size++;
    }
    spec->text[spec->len++] = spec->conversion;
    spec->text[spec->len] = '\0';
}

/* The format is put together from what read_spec allowed, so the compiler cannot check it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void add_integer(luaL_Buffer *out, struct spec *spec, lua_Integer value)
{
    char *room = luaL_prepbuffsize(out, NUMBER_BYTES_MAX);
    close_spec(spec, "ll");
    int len = snprintf(room, NUMBER_BYTES_MAX, spec->text, (long long)value);
    luaL_addsize(out, (size_t)len);
}

static void add_float(luaL_Buffer *out, struct spec *spec, lua_Number value)
{
    char *room = luaL_prepbuffsize(out, NUMBER_BYTES_MAX);
    close_spec(spec, "");
    int len = snprintf(room, NUMBER_BYTES_MAX, spec->text, (double)value);
    luaL_addsize(out, (size_t)len);
}

static void add_char(luaL_Buffer *out, struct spec *spec, int value)
{
    char *room = luaL_prepbuffsize(out, NUMBER_BYTES_MAX);
    close_spec(spec, "");
    int len = snprintf(room, NUMBER_BYTES_MAX, spec->text, value);
    luaL_addsize(out, (size_t)len);
}

/* A short string with a width or precision. It is on top of the stack, where a
 * buffer must not grow, so it goes by way of `room`. */
static int pad(char *room, struct spec *spec, const char *text)
{
    close_spec(spec, "");
    return snprintf(room, NUMBER_BYTES_MAX, spec->text, text);
}
#pragma GCC diagnostic pop

/* The text of the value is on top of the stack and taken from there. */
static void add_string(lua_State *L, luaL_Buffer *out, struct spec *spec, int index)
{
    size_t len;
    const char *text = lua_tolstring(L, -1, &len);
    bool has_precision = memchr(spec->text, '.', spec->len) != NULL;
    if (spec->len == 1 || (!has_precision && len >= 100)) {
        luaL_addvalue(out); /* as it is; a width has two digits */
        return;
    }
    if (strlen(text) != len) {
        luaL_argerror(L, index, "string contains zeros");
    }
    char room[NUMBER_BYTES_MAX];
    int padded = pad(room, spec, text); /* at most 99 bytes of it, or shorter than 100 */
    lua_pop(L, 1);
    luaL_addlstring(out, room, (size_t)padded);
}

static void add_quoted_text(luaL_Buffer *out, const char *text, size_t len)
{
    luaL_addchar(out, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\' || c == '\n') {
            luaL_addchar(out, '\\');
            luaL_addchar(out, (char)c);
        } else if (iscntrl(c)) {
            char code[8];
            bool digit_follows = i + 1 < len && isdigit((unsigned char)text[i + 1]);
            snprintf(code, sizeof(code), digit_follows ? "\\%03d" : "\\%d", c);
            luaL_addstring(out, code);
        } else {
            luaL_addchar(out, (char)c);
        }
    }
    luaL_addchar(out, '"');
}

/* %q: text that Lua reads back as the same value. */
static void add_quoted(lua_State *L, luaL_Buffer *out, int index)
{
    char text[64];
    size_t len;
    const char *string;
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        string = lua_tolstring(L, index, &len);
        add_quoted_text(out, string, len);
        return;
    case LUA_TNUMBER:
        if (!lua_isinteger(L, index)) {
            lua_Number n = lua_tonumber(L, index);
            snprintf(text, sizeof(text), isinf(n) ? (n > 0 ? "1e9999" : "-1e9999") : "%a", n);
            luaL_addstring(out, isnan(n) ? "(0/0)" : text);
        } else {
            lua_Integer n = lua_tointeger(L, index);
            snprintf(text, sizeof(text), n == LUA_MININTEGER ? "0x%llx" : "%lld", (long long)n);
            luaL_addstring(out, text);
        }
        return;
    case LUA_TNIL:
        luaL_addstring(out, "nil");
        return;
    case LUA_TBOOLEAN:
        luaL_addstring(out, lua_toboolean(L, index) ? "true" : "false");
        return;
    default:
        luaL_argerror(L, index, "value has no literal form");
    }
}

static void add_value(lua_State *L, luaL_Buffer *out, struct spec *spec, int index)
{
    switch (spec->conversion) {
    case 'c':
        add_char(out, spec, (int)luaL_checkinteger(L, index));
        break;
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        add_integer(out, spec, luaL_checkinteger(L, index));
        break;
    case 'q':
        if (spec->len > 1) {
            luaL_error(L, "specifier '%%q' cannot have modifiers");
        }
        add_quoted(L, out, index);
        break;
    case 's':
        luaL_checkany(L, index);
        lib_base_tostring(L, index, NULL);
        add_string(L, out, spec, index);
        break;
    default:
        add_float(out, spec, luaL_checknumber(L, index));
    }
}

/* string.format(format, ...) */
int lib_string_format(lua_State *L)
{
    size_t len;
    const char *at = luaL_checklstring(L, 1, &len);
    const char *end = at + len;
    size_t max = strand_cell(L)->string_max;
    int arguments = lua_gettop(L);
    int index = 1;
    unsigned steps = 0;
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    while (at < end) {
        const char *percent = memchr(at, '%', (size_t)(end - at));
        if (percent == NULL) {
            percent = end;
        }
        luaL_addlstring(&out, at, (size_t)(percent - at));
        if (percent == end) {
            break;
        }
        at = percent + 1;
        if (at < end && *at == '%') {
            luaL_addchar(&out, '%');
            at++;
        } else {
            struct spec spec;
            at = read_spec(L, &spec, at, end);
            if (++index > arguments) {
                return luaL_argerror(L, index, "no value");
            }
            add_value(L, &out, &spec, index);
        }
        if (luaL_bufflen(&out) > max) {
            return luaL_error(L, "resulting string too large");
        }
        budget_poll(L, &steps);
    }
    luaL_pushresult(&out);
    return 1;
}
