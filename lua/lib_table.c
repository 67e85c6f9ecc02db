/*
 * table with raw access and raw lengths: a lying __len cannot make a loop that
 * does not end, and what is long looks at the task's budget.
 */
#include "lua/cell_private.h"

#define UNPACK_MAX 4096
#define RANGE_MAX ((lua_Integer)1 << 24)
#define SORT_MAX 1000000
#define SORT_RUN 8 /* shorter ones are sorted by insertion */

static lua_Integer raw_length(lua_State *L, int index)
{
    luaL_checktype(L, index, LUA_TTABLE);
    return (lua_Integer)lua_rawlen(L, index);
}

/* table.insert(t, [position,] value) */
static int insert(lua_State *L)
{
    lua_Integer size = raw_length(L, 1) + 1;
    unsigned steps = 0;
    if (lua_gettop(L) == 2) {
        lua_rawseti(L, 1, size);
        return 0;
    }
    if (lua_gettop(L) != 3) {
        return luaL_error(L, "wrong number of arguments to 'insert'");
    }
    lua_Integer position = luaL_checkinteger(L, 2);
    luaL_argcheck(L, position >= 1 && position <= size, 2, "position out of bounds");
    for (lua_Integer i = size; i > position; i--) {
        lua_rawgeti(L, 1, i - 1);
        lua_rawseti(L, 1, i);
        budget_poll(L, &steps);
    }
    lua_rawseti(L, 1, position);
    return 0;
}

/* table.remove(t [, position]) -> value */
static int table_remove(lua_State *L)
{
    lua_Integer size = raw_length(L, 1);
    lua_Integer position = luaL_optinteger(L, 2, size);
    unsigned steps = 0;
    if (lua_gettop(L) > 1) {
        luaL_argcheck(L, (size == 0 && position == 0) || (position >= 1 && position <= size + 1), 2,
                      "position out of bounds");
    }
    lua_rawgeti(L, 1, position);
    for (; position < size; position++) {
        lua_rawgeti(L, 1, position + 1);
        lua_rawseti(L, 1, position);
        budget_poll(L, &steps);
    }
    lua_pushnil(L);
    lua_rawseti(L, 1, position);
    return 1;
}

/* table.concat(t [, separator [, i [, j]]]) */
static int concat(lua_State *L)
{
    lua_Integer size = raw_length(L, 1);
    size_t separator_len;
    const char *separator = luaL_optlstring(L, 2, "", &separator_len);
    lua_Integer i = luaL_optinteger(L, 3, 1);
    lua_Integer j = luaL_optinteger(L, 4, size);
    size_t max = strand_cell(L)->string_max;
    unsigned steps = 0;
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    for (lua_Integer at = i; at <= j; at++) {
        lua_rawgeti(L, 1, at);
        if (!lua_isstring(L, -1)) {
            return luaL_error(L, "invalid value (%s) at index %I in table for 'concat'",
                              luaL_typename(L, -1), (LUAI_UACINT)at);
        }
        luaL_addvalue(&out);
        if (at == j) {
            break; /* j may be the largest integer */
        }
        luaL_addlstring(&out, separator, separator_len);
        if (luaL_bufflen(&out) > max) {
            return luaL_error(L, "resulting string too large");
        }
        budget_poll(L, &steps);
    }
    luaL_pushresult(&out);
    return 1;
}

/* table.pack(...) -> {n = count, ...} */
static int table_pack(lua_State *L)
{
    int count = lua_gettop(L);
    lua_createtable(L, count, 1);
    lua_insert(L, 1);
    for (int i = count; i >= 1; i--) {
        lua_rawseti(L, 1, i);
    }
    lua_pushinteger(L, count);
    lua_setfield(L, 1, "n");
    return 1;
}

/* table.unpack(t [, i [, j]]) with at most UNPACK_MAX results */
static int table_unpack(lua_State *L)
{
    lua_Integer i = luaL_optinteger(L, 2, 1);
    lua_Integer size = raw_length(L, 1);
    lua_Integer j = luaL_optinteger(L, 3, size);
    if (i > j) {
        return 0;
    }
    lua_Unsigned count = (lua_Unsigned)j - (lua_Unsigned)i;
    if (count >= UNPACK_MAX || !lua_checkstack(L, (int)count + 1)) {
        return luaL_error(L, "too many results to unpack");
    }
    for (lua_Unsigned at = 0; at <= count; at++) {
        lua_rawgeti(L, 1, i + (lua_Integer)at);
    }
    return (int)count + 1;
}

/* table.move(from, first, last, to_index [, to]) -> to */
static int move(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer first = luaL_checkinteger(L, 2);
    lua_Integer last = luaL_checkinteger(L, 3);
    lua_Integer to = luaL_checkinteger(L, 4);
    int target = lua_isnoneornil(L, 5) ? 1 : 5;
    unsigned steps = 0;
    luaL_checktype(L, target, LUA_TTABLE);
    if (last >= first) {
        lua_Unsigned count = (lua_Unsigned)last - (lua_Unsigned)first;
        luaL_argcheck(L, count < (lua_Unsigned)RANGE_MAX, 3, "too many elements to move");
        luaL_argcheck(L, to <= LUA_MAXINTEGER - (lua_Integer)count, 4, "destination wrap around");
        bool forward = to > last || to <= first || (target != 1 && !lua_rawequal(L, 1, target));
        for (lua_Integer i = 0; i <= (lua_Integer)count; i++) {
            lua_Integer offset = forward ? i : (lua_Integer)count - i;
            lua_rawgeti(L, 1, first + offset);
            lua_rawseti(L, target, to + offset);
            budget_poll(L, &steps);
        }
    }
    lua_pushvalue(L, target);
    return 1;
}

/* ---- sort: a merge sort of positions, stable, whatever the comparator does ---- */

struct sort {
    lua_State *L;
    uint32_t *at;   /* positions in the table, from 1 */
    uint32_t *half; /* room for the left half of a merge */
    bool has_less;
    unsigned steps;
};

/* Is the element at position a less than the one at b? */
static bool less(struct sort *sort, uint32_t a, uint32_t b)
{
    lua_State *L = sort->L;
    budget_poll(L, &sort->steps);
    if (sort->has_less) {
        lua_pushvalue(L, 2);
        lua_rawgeti(L, 1, a);
        lua_rawgeti(L, 1, b);
        lua_call(L, 2, 1);
        bool is_less = lua_toboolean(L, -1);
        lua_pop(L, 1);
        return is_less;
    }
    lua_rawgeti(L, 1, a);
    lua_rawgeti(L, 1, b);
    bool is_less = lua_compare(L, -2, -1, LUA_OPLT);
    lua_pop(L, 2);
    return is_less;
}

static void sort_short(struct sort *sort, uint32_t first, uint32_t count)
{
    uint32_t *at = sort->at + first;
    for (uint32_t i = 1; i < count; i++) {
        uint32_t moving = at[i];
        uint32_t to = i;
        while (to > 0 && less(sort, moving, at[to - 1])) {
            at[to] = at[to - 1];
            to--;
        }
        at[to] = moving;
    }
}

static void merge(struct sort *sort, uint32_t first, uint32_t left, uint32_t count)
{
    uint32_t *at = sort->at + first;
    for (uint32_t i = 0; i < left; i++) {
        sort->half[i] = at[i];
    }
    uint32_t i = 0;
    uint32_t j = left;
    for (uint32_t to = 0; i < left; to++) {
        if (j < count && less(sort, at[j], sort->half[i])) {
            at[to] = at[j++];
        } else {
            at[to] = sort->half[i++];
        }
    }
}

static void sort_range(struct sort *sort, uint32_t first, uint32_t count)
{
    if (count <= SORT_RUN) {
        sort_short(sort, first, count);
        return;
    }
    uint32_t left = count / 2; /* the depth is the logarithm of SORT_MAX */
    sort_range(sort, first, left);
    sort_range(sort, first + left, count - left);
    if (less(sort, sort->at[first + left], sort->at[first + left - 1])) {
        merge(sort, first, left, count);
    }
}

/* Puts the elements in the order found, by way of a second table. */
static void reorder(struct sort *sort, uint32_t count)
{
    lua_State *L = sort->L;
    lua_createtable(L, (int)count, 0);
    for (uint32_t i = 0; i < count; i++) {
        lua_rawgeti(L, 1, sort->at[i]);
        lua_rawseti(L, -2, i + 1);
        budget_poll(L, &sort->steps);
    }
    for (uint32_t i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, i);
        lua_rawseti(L, 1, i);
        budget_poll(L, &sort->steps);
    }
    lua_pop(L, 1);
}

/* table.sort(t [, less]) */
int lib_table_sort(lua_State *L)
{
    lua_Integer size = raw_length(L, 1);
    luaL_argcheck(L, size <= SORT_MAX, 1, "array too big");
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TFUNCTION);
    }
    lua_settop(L, 2);
    if (size < 2) {
        return 0;
    }
    uint32_t count = (uint32_t)size;
    uint32_t *room = lua_newuserdatauv(L, (count + count / 2) * sizeof(*room), 0);
    struct sort sort = {L, room, room + count, !lua_isnil(L, 2), 0};
    for (uint32_t i = 0; i < count; i++) {
        sort.at[i] = i + 1;
    }
    sort_range(&sort, 0, count);
    reorder(&sort, count);
    return 0;
}

static const luaL_Reg table_functions[] = {
    {"insert", insert},       {"remove", table_remove},
    {"concat", concat},       {"pack", table_pack},
    {"unpack", table_unpack}, {"move", move},
    {"sort", lib_table_sort}, {NULL, NULL},
};

int lib_table_open(lua_State *L)
{
    luaL_newlib(L, table_functions);
    lua_setglobal(L, "table");
    return 0;
}
