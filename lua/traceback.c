/* Tracebacks without plugin code and without memory from Lua: also when there is none left. */
#include "lua/cell_private.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define FRAMES_FIRST 10 /* of a deep stack: the innermost, */
#define FRAMES_LAST 6   /* and where it began */
#define NAME_MAX_SHOWN 60

static void append(struct run *run, const char *text)
{
    size_t len = strnlen(text, CELL_TRACE_MAX);
    if (run->trace_len + len < sizeof(run->trace)) {
        memcpy(run->trace + run->trace_len, text, len + 1);
        run->trace_len += len;
    }
}

/* Names are constants of the plugin: what would break the line is replaced. */
static void clean(char *text)
{
    for (; *text; text++) {
        if (iscntrl((unsigned char)*text)) {
            *text = ' ';
        }
    }
}

static void append_frame(struct run *run, lua_State *L, lua_Debug *ar)
{
    if (!lua_getinfo(L, "Slnt", ar)) {
        return;
    }
    char line[LUA_IDSIZE + NAME_MAX_SHOWN + 64];
    char place[LUA_IDSIZE + 16];
    if (*ar->what == 'C') {
        if (ar->name == NULL) {
            return; /* our own entry function: nothing an author would know */
        }
        snprintf(place, sizeof(place), "[C]:");
    } else {
        snprintf(place, sizeof(place), "%s:%d:", ar->short_src, ar->currentline);
    }
    if (*ar->what == 'm') {
        snprintf(line, sizeof(line), "%s in main chunk", place);
    } else if (ar->name != NULL) {
        snprintf(line, sizeof(line), "%s in %s '%.*s'", place,
                 *ar->namewhat ? ar->namewhat : "function", NAME_MAX_SHOWN, ar->name);
    } else {
        snprintf(line, sizeof(line), "%s in function <%s:%d>", place, ar->short_src,
                 ar->linedefined);
    }
    clean(line);
    append(run, run->trace_len > 0 ? "\n" : "");
    append(run, line);
}

/* The number of frames, by doubling and halving: a stack may be 200,000 deep. */
static int depth_of(lua_State *L)
{
    lua_Debug ar;
    int low = 0;
    int high = 1;
    while (lua_getstack(L, high, &ar)) {
        low = high;
        high *= 2;
    }
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (lua_getstack(L, middle, &ar)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void traceback_of(struct run *run, lua_State *L)
{
    if (!run->trace_open) {
        run->trace_len = 0;
        run->trace[0] = '\0';
    }
    run->trace_open = false;
    int depth = depth_of(L);
    lua_Debug ar;
    for (int level = 0; level < depth; level++) {
        if (level == FRAMES_FIRST && depth > FRAMES_FIRST + FRAMES_LAST) {
            append(run, "\n...");
            level = depth - FRAMES_LAST;
        }
        if (lua_getstack(L, level, &ar)) {
            append_frame(run, L, &ar);
        }
    }
}

int traceback_keep(lua_State *L)
{
    struct run *run = strand_cell(L)->run;
    if (run != NULL && !run->killing) {
        traceback_of(run, L);
    }
    return 1;
}

void traceback_place(lua_State *L, char *text, size_t size)
{
    lua_Debug ar;
    text[0] = '\0';
    for (int level = 0; level < FRAMES_FIRST && lua_getstack(L, level, &ar); level++) {
        if (lua_getinfo(L, "Sl", &ar) && ar.currentline > 0) {
            snprintf(text, size, "%s:%d: ", ar.short_src, ar.currentline);
            return;
        }
    }
}

/* One line of the string: what would end it or move a terminal's cursor is a space. */
static void copy_line(lua_State *L, int index, char *text, size_t size)
{
    size_t len;
    const char *from = lua_tolstring(L, index, &len);
    len = len < size ? len : size - 1;
    for (size_t i = 0; i < len; i++) {
        text[i] = (char)(iscntrl((unsigned char)from[i]) ? ' ' : from[i]);
    }
    text[len] = '\0';
}

void traceback_message(lua_State *L, int index, char *text, size_t size)
{
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        copy_line(L, index, text, size);
        break;
    case LUA_TNUMBER: /* not lua_tolstring: it would allocate and may raise */
        if (lua_isinteger(L, index)) {
            snprintf(text, size, "%lld", (long long)lua_tointeger(L, index));
        } else {
            snprintf(text, size, "%.14g", (double)lua_tonumber(L, index));
        }
        break;
    default:
        snprintf(text, size, "(error object is a %s)", luaL_typename(L, index));
    }
}
