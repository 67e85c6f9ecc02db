#include "lua/sql_names.h"

#include "lua/gate.h"
#include "storage/db.h"

#include <string.h>

#define NAMES_MAX DB_VALUES_MAX
#define NAME_BYTES_MAX 64
#define STATEMENTS_KNOWN_MAX 1000 /* SQL texts whose names a cell keeps */
#define COUNT_AT 0                /* how many there are: no SQL is a number */

static const char names_key; /* registry: sql -> list of names */

void sql_names_open(lua_State *L)
{
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &names_key);
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Skips a quoted text, a quoted name or a comment that starts at sql; NULL when none does. */
static const char *skip_quoted(const char *sql)
{
    if (*sql == '\'' || *sql == '"') {
        const char *end = strchr(sql + 1, *sql);
        return end ? end + 1 : sql + strlen(sql);
    }
    if (sql[0] == '-' && sql[1] == '-') {
        const char *end = strchr(sql, '\n');
        return end ? end + 1 : sql + strlen(sql);
    }
    return NULL;
}

/* Appends the name to the list on top unless it is there; SQLite numbers names by first use. */
static void add_parameter(lua_State *L, const char *name, size_t len)
{
    size_t count = lua_rawlen(L, -1);
    for (size_t i = 1; i <= count; i++) {
        size_t known_len;
        lua_rawgeti(L, -1, (lua_Integer)i);
        const char *known = lua_tolstring(L, -1, &known_len);
        bool same = known_len == len && memcmp(known, name, len) == 0;
        lua_pop(L, 1);
        if (same) {
            return;
        }
    }
    if (count >= NAMES_MAX || len == 0 || len > NAME_BYTES_MAX) {
        gate_error(L, "sql: at most %d parameters with names of 1 to %d characters", NAMES_MAX,
                   NAME_BYTES_MAX);
    }
    lua_pushlstring(L, name, len);
    lua_rawseti(L, -2, (lua_Integer)count + 1);
}

static void find_names(lua_State *L, const char *sql)
{
    lua_newtable(L); /* names */
    while (*sql) {
        const char *after = skip_quoted(sql);
        if (after) {
            sql = after;
            continue;
        }
        if (*sql == ':' && is_name_char(sql[1])) {
            const char *name = ++sql;
            while (is_name_char(*sql)) {
                sql++;
            }
            add_parameter(L, name, (size_t)(sql - name));
            continue;
        }
        if (*sql == '?' || *sql == '@' || *sql == '$') {
            gate_error(L, "sql: parameters are written :name, not %c", *sql);
        }
        sql++;
    }
}

void sql_names_push(lua_State *L, int sql_index)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &names_key); /* known */
    lua_pushvalue(L, sql_index);
    if (lua_rawget(L, -2) == LUA_TTABLE) {
        lua_remove(L, -2);
        return;
    }
    lua_pop(L, 1);                             /* known */
    find_names(L, lua_tostring(L, sql_index)); /* known names */
    lua_rawgeti(L, -2, COUNT_AT);              /* known names n */
    lua_Integer n = lua_tointeger(L, -1);
    lua_pop(L, 1);
    if (n < STATEMENTS_KNOWN_MAX) {
        lua_pushvalue(L, sql_index);
        lua_pushvalue(L, -2);
        lua_rawset(L, -4); /* known names */
        lua_pushinteger(L, n + 1);
        lua_rawseti(L, -3, COUNT_AT);
    }
    lua_remove(L, -2);
}
