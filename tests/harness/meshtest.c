/*
 * The simulation as a Lua module: require "meshtest". Thin on purpose; the
 * words that specs and stories use are in harness.lua beside it.
 */
#include "host/base/json.h"
#include "host/base/log.h"
#include "lua/json.h"
#include "tests/harness/sim.h"

#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#define SIM_TYPE "meshtest.sim"
#define MESSAGE_MAX 1024
#define TEXT_BYTES_MAX (16U << 20)

static struct sim **check_sim(lua_State *L)
{
    struct sim **sim = luaL_checkudata(L, 1, SIM_TYPE);
    luaL_argcheck(L, *sim, 1, "the host is closed");
    return sim;
}

static struct sim_conn *check_conn(lua_State *L, int index)
{
    luaL_checktype(L, index, LUA_TLIGHTUSERDATA);
    return lua_touserdata(L, index);
}

static size_t read_folders(lua_State *L, const char **folders, size_t folders_max)
{
    size_t count = 0;
    if (lua_getfield(L, 1, "plugins") == LUA_TTABLE) {
        for (size_t i = 1; i <= lua_rawlen(L, -1) && count < folders_max; i++) {
            lua_rawgeti(L, -1, (lua_Integer)i);
            folders[count++] = luaL_checkstring(L, -1);
            lua_pop(L, 1); /* the table keeps it */
        }
    }
    lua_pop(L, 1);
    return count;
}

/* meshtest.open {workers, data, plugins, limits} -> sim, or nil and a message */
static int sim_open(lua_State *L)
{
    const char *folders[8];
    char message[MESSAGE_MAX] = "";
    luaL_checktype(L, 1, LUA_TTABLE);
    struct sim_options options = {.plugin_folders = folders};
    options.plugin_folders_count = read_folders(L, folders, 8);
    lua_getfield(L, 1, "workers");
    options.workers = (unsigned)luaL_optinteger(L, -1, 1);
    lua_getfield(L, 1, "data");
    options.data = luaL_optstring(L, -1, NULL);
    lua_getfield(L, 1, "limits");
    options.limits_on = lua_toboolean(L, -1);
    struct sim **sim = lua_newuserdatauv(L, sizeof(*sim), 0);
    *sim = NULL;
    luaL_setmetatable(L, SIM_TYPE);
    *sim = sim_new(&options, message, sizeof(message));
    if (!*sim) {
        lua_pushnil(L);
        lua_pushstring(L, message);
        return 2;
    }
    return 1;
}

static int close_sim(lua_State *L)
{
    struct sim **sim = luaL_checkudata(L, 1, SIM_TYPE);
    if (*sim) {
        sim_free(*sim);
        *sim = NULL;
    }
    return 0;
}

/* sim:connect(worker, token) -> conn, or nil and an HTTP status */
static int connect_one(lua_State *L)
{
    int status;
    struct sim_conn *conn = sim_connect(*check_sim(L), (unsigned)luaL_optinteger(L, 2, 0),
                                        luaL_optstring(L, 3, NULL), &status);
    if (!conn) {
        lua_pushnil(L);
        lua_pushinteger(L, status);
        return 2;
    }
    lua_pushlightuserdata(L, conn);
    return 1;
}

/* sim:send(conn, text) */
static int send_text(lua_State *L)
{
    struct bytes text;
    text.data = luaL_checklstring(L, 3, &text.len);
    sim_send(*check_sim(L), check_conn(L, 2), text);
    return 0;
}

/* sim:drop(conn) */
static int drop(lua_State *L)
{
    sim_drop(*check_sim(L), check_conn(L, 2));
    return 0;
}

/* sim:post(conn, text) */
static int post(lua_State *L)
{
    struct bytes text;
    text.data = luaL_checklstring(L, 3, &text.len);
    sim_post(*check_sim(L), check_conn(L, 2), text);
    return 0;
}

/* sim:cut(conn) */
static int cut(lua_State *L)
{
    sim_cut(*check_sim(L), check_conn(L, 2));
    return 0;
}

/* sim:turn() */
static int turn(lua_State *L)
{
    sim_turn(*check_sim(L));
    return 0;
}

/* sim:take(conn) -> payload or nil */
static int take(lua_State *L)
{
    struct bytes payload;
    check_sim(L);
    if (!sim_take(check_conn(L, 2), &payload)) {
        return 0;
    }
    lua_pushlstring(L, payload.data, payload.len);
    return 1;
}

/* sim:closed(conn) -> nil, or code and reason */
static int closed(lua_State *L)
{
    struct bytes reason;
    check_sim(L);
    int code = sim_close_code(check_conn(L, 2), &reason);
    if (!code) {
        return 0;
    }
    lua_pushinteger(L, code);
    lua_pushlstring(L, reason.data, reason.len);
    return 2;
}

/* sim:advance(ms) */
static int advance(lua_State *L)
{
    sim_advance(*check_sim(L), luaL_checkinteger(L, 2));
    return 0;
}

/* sim:reload(plugin, folder) -> true, or nil and a message */
static int reload(lua_State *L)
{
    char message[MESSAGE_MAX] = "";
    if (sim_reload(*check_sim(L), luaL_checkstring(L, 2), luaL_optstring(L, 3, NULL), message,
                   sizeof(message))) {
        lua_pushnil(L);
        lua_pushstring(L, message);
        return 2;
    }
    lua_pushboolean(L, true);
    return 1;
}

/* sim:command(name, json) -> JSON text, or nil and a message */
static int command(lua_State *L)
{
    struct bytes args;
    struct buf out;
    const char *name = luaL_checkstring(L, 2);
    args.data = luaL_checklstring(L, 3, &args.len);
    buf_open(&out, TEXT_BYTES_MAX);
    int err = sim_command(*check_sim(L), name, args, &out);
    if (err) {
        lua_pushnil(L);
    }
    lua_pushlstring(L, out.data, out.len);
    buf_close(&out);
    return err ? 2 : 1;
}

/* meshtest.encode(value) -> JSON text */
static int encode(lua_State *L)
{
    char why[JSON_MESSAGE_MAX];
    struct buf out;
    buf_open(&out, TEXT_BYTES_MAX);
    if (json_encode(L, 1, &out, NULL, true, why, sizeof(why))) {
        buf_close(&out);
        return luaL_error(L, "%s", why);
    }
    lua_pushlstring(L, out.data, out.len);
    buf_close(&out);
    return 1;
}

/* meshtest.decode(text) -> value, or nil and a message */
static int decode(lua_State *L)
{
    struct json_doc doc;
    struct bytes text;
    text.data = luaL_checklstring(L, 1, &text.len);
    json_open(&doc);
    int err = json_parse(&doc, text, NULL);
    if (!err) {
        json_push(L, &doc, doc.nodes);
    }
    json_close(&doc);
    if (err) {
        lua_pushnil(L);
        lua_pushliteral(L, "not JSON");
        return 2;
    }
    return 1;
}

/* meshtest.log_to(path): the host's log lines go there */
static int log_to(lua_State *L)
{
    int fd = open(luaL_checkstring(L, 1), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    luaL_argcheck(L, fd >= 0, 1, "can't be opened");
    log_set_output(fd, true);
    return 0;
}

static const luaL_Reg sim_methods[] = {
    {"connect", connect_one}, {"send", send_text},  {"drop", drop},     {"take", take},
    {"closed", closed},       {"advance", advance}, {"reload", reload}, {"command", command},
    {"close", close_sim},     {"post", post},       {"cut", cut},       {"turn", turn},
    {"__gc", close_sim},      {NULL, NULL},
};
static const luaL_Reg functions[] = {
    {"open", sim_open}, {"encode", encode}, {"decode", decode}, {"log_to", log_to}, {NULL, NULL},
};

__attribute__((visibility("default"))) int luaopen_meshtest(lua_State *L);

int luaopen_meshtest(lua_State *L)
{
    luaL_newmetatable(L, SIM_TYPE);
    luaL_setfuncs(L, sim_methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    return 1;
}
