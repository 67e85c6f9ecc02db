/*
 * mesh.db: SQL with parameters by name, on the plugin's own tables.
 *
 *     query/read/write -> (batch filled from Lua values) -> db_read/db_write
 *         -> batch_done on the worker -> finish_* inside the coroutine
 *
 * Parameters have names (lua/sql_names.h); the database knows their numbers.
 */
#include "host/base/err.h"
#include "host/base/mem.h"
#include "lua/api.h"
#include "lua/event.h"
#include "lua/sql_names.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#define BLOB_TYPE "mesh.blob"

/* ---- parameters ---- */

/* A blob parameter: a table of one string, so that text and bytes stay apart. */
static int make_blob(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, 1);
    luaL_setmetatable(L, BLOB_TYPE);
    return 1;
}

/* Reads a parameter's value at the top; the strings stay alive through the arguments table. */
static struct db_value to_value(lua_State *L, const char *name)
{
    struct db_value value = {.type = DB_NULL};
    switch (lua_type(L, -1)) {
    case LUA_TNIL:
        return value;
    case LUA_TBOOLEAN:
        value.type = DB_INTEGER;
        value.integer = lua_toboolean(L, -1);
        return value;
    case LUA_TNUMBER:
        value.type = lua_isinteger(L, -1) ? DB_INTEGER : DB_REAL;
        value.integer = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
        value.real = lua_tonumber(L, -1);
        return value;
    case LUA_TSTRING:
        value.type = DB_TEXT;
        value.bytes.data = lua_tolstring(L, -1, &value.bytes.len);
        return value;
    case LUA_TTABLE:
        if (lua_rawgeti(L, -1, 1) == LUA_TSTRING && lua_rawlen(L, -2) == 1) {
            value.type = DB_BLOB;
            value.bytes.data = lua_tolstring(L, -1, &value.bytes.len);
            lua_pop(L, 1);
            return value;
        }
        break;
    case LUA_TLIGHTUSERDATA: /* mesh.null */
        return value;
    default:
        break;
    }
    gate_error(L, "sql: parameter :%s can't be a %s", name, luaL_typename(L, -1));
    return value;
}

/* ---- batches ---- */

struct pending {
    struct wait wait;
    struct db_batch *batch;
    int err;
};

static void pending_free(void *result)
{
    struct pending *pending = result;
    db_batch_free(pending->batch);
    mem_free(pending);
}

static void batch_done(struct db_batch *batch, int err)
{
    struct pending *pending = db_batch_ctx(batch);
    pending->err = err;
    loop_unhold(pending->wait.cell->worker->loop);
    wait_end(pending->wait, pending, pending_free);
}

/* Holds the batch until the database takes it, so that whatever raises frees it. */
struct lua_batch {
    struct pending *pending;
};
#define BATCH_TYPE "mesh.batch"

static int batch_gc(lua_State *L)
{
    struct lua_batch *box = luaL_checkudata(L, 1, BATCH_TYPE);
    if (box->pending) {
        pending_free(box->pending);
        box->pending = NULL;
    }
    return 0;
}

static void check_add(lua_State *L, int err)
{
    if (err) {
        gate_error(L, "sql: the statement or its values are %s", err_text(err));
    }
}

static size_t count_members(lua_State *L, int index)
{
    size_t count = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        count++;
        lua_pop(L, 1);
    }
    return count;
}

static void bind_named(lua_State *L, struct db_batch *batch, int args_index)
{
    size_t names = lua_rawlen(L, -1); /* names on top */
    size_t used = 0;
    for (size_t i = 1; i <= names; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i); /* names name */
        const char *name = lua_tostring(L, -1);
        if (args_index) {
            lua_pushvalue(L, -1);
            lua_rawget(L, args_index); /* names name value */
        } else {
            lua_pushnil(L);
        }
        struct db_value value = to_value(L, name);
        used += lua_isnil(L, -1) ? 0 : 1;
        check_add(L, db_batch_bind(batch, &value));
        lua_pop(L, 2);
    }
    if (args_index && count_members(L, args_index) != used) {
        gate_error(L, "sql: an argument is given that the statement does not name");
    }
}

/* Adds the statement at sql_index with the arguments at args_index (0: none). */
static void add_statement(lua_State *L, struct db_batch *batch, int sql_index, int args_index,
                          enum db_guard guard)
{
    struct bytes sql;
    luaL_checkstack(L, 12, NULL);
    if (lua_type(L, sql_index) != LUA_TSTRING) {
        gate_error(L, "sql: a statement is {sql, args}; the SQL text is missing");
    }
    sql.data = lua_tolstring(L, sql_index, &sql.len);
    check_add(L, db_batch_add(batch, sql, guard));
    sql_names_push(L, sql_index);
    bind_named(L, batch, args_index);
    lua_pop(L, 1);
}

/* Pushes the box with an empty batch. */
static struct lua_batch *push_batch(lua_State *L)
{
    struct plugin_cell *cell = plugin_cell_of(L);
    struct lua_batch *box = lua_newuserdatauv(L, sizeof(*box), 0);
    box->pending = NULL;
    luaL_setmetatable(L, BATCH_TYPE);
    box->pending = mem_alloc(sizeof(*box->pending));
    box->pending->batch =
        db_batch_new(cell->generation->owner, cell->worker->loop, batch_done, box->pending);
    return box;
}

static int raise_bad_sql(lua_State *L, const struct db_batch *batch)
{
    return gate_error(L, "sql: statement %d: %s", (int)db_batch_failed_at(batch) + 1,
                      db_batch_error(batch));
}

static int start(lua_State *L, struct lua_batch *box, bool is_write, task_finish finish)
{
    struct wait wait = wait_open(L);
    struct pending *pending = box->pending;
    struct db *db = wait.cell->generation->runtime->options.db;
    pending->wait = wait;
    loop_hold(wait.cell->worker->loop); /* until batch_done: the worker outlives its batches */
    int err = is_write ? db_write_later(db, pending->batch) : db_read(db, pending->batch);
    if (err) {
        loop_unhold(wait.cell->worker->loop);
        wait_drop(wait);
        return failure_return(L, RPC_UNAVAILABLE, err_text(err));
    }
    box->pending = NULL; /* the database has it, and then batch_done */
    if (is_write) {
        worker_count_write(wait.cell->worker);
    }
    return task_suspend(L, finish, pending_free);
}

/* ---- results ---- */

static void push_value(lua_State *L, const struct db_value *value)
{
    switch (value->type) {
    case DB_INTEGER:
        lua_pushinteger(L, value->integer);
        break;
    case DB_REAL:
        lua_pushnumber(L, value->real);
        break;
    case DB_TEXT:
    case DB_BLOB:
        lua_pushlstring(L, value->bytes.data, value->bytes.len);
        break;
    default:
        lua_pushnil(L);
    }
}

/* Pushes the list of rows of a statement; column names are pushed once and copied by reference. */
static void push_rows(lua_State *L, const struct db_batch *batch, size_t statement)
{
    size_t columns = db_result_columns(batch, statement);
    size_t rows = db_result_rows(batch, statement);
    luaL_checkstack(L, (int)columns + 8, "too many columns");
    int names = lua_gettop(L) + 1;
    for (size_t i = 0; i < columns; i++) {
        struct bytes name = db_result_column_name(batch, statement, i);
        lua_pushlstring(L, name.data, name.len);
    }
    lua_createtable(L, (int)rows, 1);
    struct db_cursor cursor = db_result_open(batch, statement);
    struct db_value value;
    for (size_t row = 1; row <= rows; row++) {
        lua_createtable(L, 0, (int)columns);
        for (size_t i = 0; i < columns && db_result_next(&cursor, &value); i++) {
            lua_pushvalue(L, names + (int)i);
            push_value(L, &value);
            lua_rawset(L, -3);
        }
        lua_rawseti(L, -2, (lua_Integer)row);
    }
    if (columns) {
        lua_replace(L, names); /* the list in the first name's place */
    }
    lua_settop(L, names);
}

/* nil and the error of a batch that failed; raises what is the author's mistake. */
static int return_batch_error(lua_State *L, const struct pending *pending)
{
    int err = pending->err;
    if (err == ERR_INVALID || err == ERR_DENIED) {
        return raise_bad_sql(L, pending->batch);
    }
    failure_return(L, failure_code_of(err), err_text(err)); /* nil error */
    if (err != ERR_GUARD && err != ERR_CONSTRAINT) {
        return 2;
    }
    size_t at = db_batch_failed_at(pending->batch);
    lua_pushstring(L, err == ERR_GUARD ? "guard" : "constraint");
    lua_setfield(L, -2, "type");
    lua_pushinteger(L, (lua_Integer)at + 1);
    lua_setfield(L, -2, "at");
    if (err == ERR_GUARD) {
        push_rows(L, pending->batch, at);
        lua_setfield(L, -2, "rows");
    } else {
        lua_pushstring(L, db_batch_error(pending->batch));
        lua_setfield(L, -2, "message");
    }
    return 2;
}

static int finish_query(lua_State *L, void *result)
{
    struct pending *pending = result;
    if (pending->err) {
        return return_batch_error(L, pending);
    }
    push_rows(L, pending->batch, 0);
    return 1;
}

static int finish_first(lua_State *L, void *result)
{
    struct pending *pending = result;
    if (pending->err) {
        return return_batch_error(L, pending);
    }
    push_rows(L, pending->batch, 0);
    lua_rawgeti(L, -1, 1);
    return 1;
}

static int return_lists(lua_State *L, const struct pending *pending, bool with_changes)
{
    if (pending->err) {
        return return_batch_error(L, pending);
    }
    size_t count = db_batch_statements(pending->batch);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        push_rows(L, pending->batch, i);
        if (with_changes) {
            lua_pushinteger(L, db_result_changes(pending->batch, i));
            lua_setfield(L, -2, "changes");
        }
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* Plain lists, which have a JSON form. */
static int finish_read(lua_State *L, void *result)
{
    return return_lists(L, result, false);
}

static int finish_write(lua_State *L, void *result)
{
    return return_lists(L, result, true);
}

/* ---- functions ---- */

static int read_one(lua_State *L, task_finish finish)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    lua_settop(L, 2);
    if (!lua_isnil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
    }
    struct lua_batch *box = push_batch(L);
    add_statement(L, box->pending->batch, 1, lua_isnil(L, 2) ? 0 : 2, DB_ANY);
    return start(L, box, false, finish);
}

/* mesh.db.query(sql, args) -> rows, or nil and an error */
static int query(lua_State *L)
{
    return read_one(L, finish_query);
}

/* mesh.db.first(sql, args) -> row or nil, or nil and an error */
static int first(lua_State *L)
{
    return read_one(L, finish_first);
}

static enum db_guard check_guard(lua_State *L, int statement)
{
    static const char *const names[] = {"any", "none", "one", "some", NULL};
    static const enum db_guard guards[] = {DB_ANY, DB_NONE, DB_ONE, DB_SOME};
    lua_pushliteral(L, "expect");
    lua_rawget(L, statement);
    const char *text = lua_isnil(L, -1) ? "any" : lua_tostring(L, -1);
    lua_pop(L, 1); /* the statement keeps the string */
    for (size_t i = 0; text && names[i]; i++) {
        if (strcmp(text, names[i]) == 0) {
            return guards[i];
        }
    }
    gate_error(L, "sql: expect is \"none\", \"one\" or \"some\"");
    return DB_ANY;
}

static int run_list(lua_State *L, bool is_write)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    size_t count = lua_rawlen(L, 1);
    luaL_argcheck(L, count >= 1 && count <= DB_STATEMENTS_MAX, 1, "1 to 256 statements expected");
    struct lua_batch *box = push_batch(L); /* list box */
    for (size_t i = 1; i <= count; i++) {
        if (lua_rawgeti(L, 1, (lua_Integer)i) != LUA_TTABLE) { /* 3: statement */
            return gate_error(L, "sql: statement %d is not a table {sql, args}", (int)i);
        }
        lua_rawgeti(L, 3, 1); /* 4: sql */
        int args = lua_rawgeti(L, 3, 2) == LUA_TTABLE ? 5 : 0;
        add_statement(L, box->pending->batch, 4, args, is_write ? check_guard(L, 3) : DB_ANY);
        lua_settop(L, 2);
    }
    return start(L, box, is_write, is_write ? finish_write : finish_read);
}

/* mesh.db.read {{sql, args}, ...} -> list of rows lists */
static int read_list(lua_State *L)
{
    return run_list(L, false);
}

/* mesh.db.write {{sql, args, expect}, ...} -> results, or nil and an error */
static int write_list(lua_State *L)
{
    return run_list(L, true);
}

/* mesh.db.forget(): what was deleted is soon unreadable in the files, too */
static int forget(lua_State *L)
{
    db_forget(plugin_cell_of(L)->generation->runtime->options.db);
    return 0;
}

static void make_type(lua_State *L, const char *name, lua_CFunction gc)
{
    luaL_newmetatable(L, name);
    if (gc) {
        lua_pushcfunction(L, gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

void api_db_push(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"query", query},    {"first", first},   {"read", read_list}, {"write", write_list},
        {"blob", make_blob}, {"forget", forget}, {NULL, NULL},
    };
    make_type(L, BATCH_TYPE, batch_gc);
    make_type(L, BLOB_TYPE, NULL);
    sql_names_open(L);
    luaL_newlib(L, functions);
}
