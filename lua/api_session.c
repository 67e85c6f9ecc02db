/* mesh.session: who is connected, and how events reach them. */
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/session/audience.h"
#include "lua/api.h"
#include "lua/event.h"
#include "lua/json.h"
#include "lua/options.h"

#include <lauxlib.h>
#include <string.h>

#define AUDIENCE_TYPE "mesh.audience"
#define EVENT_BYTES_MAX (1U << 20) /* one event's params */
#define SMALL_LIST 8               /* user ids delivered to without an audience */

/* ---- audiences ---- */

struct lua_audience {
    struct audience *audience; /* NULL until it is made */
};

static int audience_gc(lua_State *L)
{
    struct lua_audience *a = luaL_checkudata(L, 1, AUDIENCE_TYPE);
    if (a->audience) {
        audience_release(a->audience);
        a->audience = NULL;
    }
    return 0;
}

static int audience_len(lua_State *L)
{
    struct lua_audience *a = luaL_checkudata(L, 1, AUDIENCE_TYPE);
    lua_pushinteger(L, a->audience ? (lua_Integer)audience_count(a->audience) : 0);
    return 1;
}

/* Pushes a userdata that will hold the array of bytes, filled from the list at index. */
static struct bytes *push_user_ids(lua_State *L, int index, size_t *count)
{
    *count = lua_rawlen(L, index);
    luaL_argcheck(L, *count <= AUDIENCE_USERS_MAX, index, "at most 200000 user ids");
    struct bytes *ids = lua_newuserdatauv(L, (*count ? *count : 1) * sizeof(*ids), 0);
    for (size_t i = 0; i < *count; i++) {
        if (lua_rawgeti(L, index, (lua_Integer)i + 1) != LUA_TSTRING) {
            luaL_argerror(L, index, "a list of user ids was expected");
        }
        ids[i].data = lua_tolstring(L, -1, &ids[i].len); /* the list keeps the string alive */
        lua_pop(L, 1);
    }
    return ids;
}

/* mesh.session.audience(user_ids) -> audience */
static int audience(lua_State *L)
{
    size_t count;
    luaL_checktype(L, 1, LUA_TTABLE);
    struct bytes *ids = push_user_ids(L, 1, &count);
    struct lua_audience *a = lua_newuserdatauv(L, sizeof(*a), 0);
    a->audience = NULL;
    luaL_setmetatable(L, AUDIENCE_TYPE);
    a->audience = audience_new(ids, count);
    return a->audience ? 1 : luaL_error(L, "not enough memory");
}

/* ---- deliver ---- */

/* {"jsonrpc":"2.0","method":...,"params":...} as a frame; raises on what has no JSON form. */
static struct frame *make_frame(lua_State *L, int name_index, int params_index,
                                enum frame_class frame_class)
{
    size_t len;
    const char *name = luaL_checklstring(L, name_index, &len);
    char why[JSON_MESSAGE_MAX];
    struct runtime_worker *worker = plugin_cell_of(L)->worker;
    struct buf *out = &worker->packed;
    if (!lua_isnoneornil(L, params_index)) {
        luaL_checktype(L, params_index, LUA_TTABLE);
    }
    buf_clear(out);
    buf_append_text(out, "{\"jsonrpc\":\"2.0\",\"method\":");
    json_write_string(out, (struct bytes){name, len});
    buf_append_text(out, ",\"params\":");
    if (lua_isnoneornil(L, params_index)) {
        buf_append_text(out, "{}");
    } else if (json_encode(L, params_index, out, NULL, false, why, sizeof(why))) {
        gate_error(L, "the params of event %s can't be sent: %s", name, why);
    }
    buf_append_char(out, '}');
    if (out->err || out->len > EVENT_BYTES_MAX) {
        gate_error(L, "the params of event %s are too large", name);
    }
    struct frame *frame = frame_new(buf_bytes(out), frame_class);
    if (!frame) {
        luaL_error(L, "not enough memory");
    }
    return frame;
}

struct send_options {
    connection_id except;
    struct bytes except_user;
    enum frame_class frame_class;
};

static struct send_options read_options(lua_State *L, int index)
{
    struct send_options options = {CONNECTION_NONE, BYTES_NONE, FRAME_EVENT};
    if (lua_isnoneornil(L, index)) {
        return options;
    }
    luaL_checktype(L, index, LUA_TTABLE);
    if (options_member(L, index, "except") == LUA_TNUMBER) {
        options.except = (connection_id)lua_tointeger(L, -1);
    }
    if (options_member(L, index, "exceptUser") == LUA_TSTRING) {
        options.except_user.data = lua_tolstring(L, -1, &options.except_user.len);
    }
    options_member(L, index, "ephemeral");
    options.frame_class = lua_toboolean(L, -1) ? FRAME_EPHEMERAL : FRAME_EVENT;
    lua_pop(L, 3); /* the options table keeps the string alive */
    return options;
}

/* A user who is named twice gets the event once. */
static bool is_named_before(const struct bytes *ids, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (bytes_equal(ids[i], ids[index])) {
            return true;
        }
    }
    return false;
}

static void deliver_list(struct desk *desk, const struct bytes *ids, size_t count,
                         const struct delivery *delivery)
{
    if (count <= SMALL_LIST) {
        for (size_t i = 0; i < count; i++) {
            if (!is_named_before(ids, i)) {
                hub_deliver_user(desk, ids[i], delivery);
            }
        }
        return;
    }
    struct audience *all = audience_new(ids, count);
    if (all) {
        hub_deliver(desk, all, delivery);
        audience_release(all);
    }
}

/* mesh.session.deliver(to, event, params, options) */
static int deliver(lua_State *L)
{
    lua_settop(L, 4);
    struct desk *desk = plugin_cell_of(L)->worker->desk;
    struct lua_audience *a = luaL_testudata(L, 1, AUDIENCE_TYPE);
    int type = lua_type(L, 1);
    luaL_argexpected(L, a || type == LUA_TSTRING || type == LUA_TTABLE, 1,
                     "user id, list or audience");
    struct send_options options = read_options(L, 4);
    size_t count = 0;
    const struct bytes *ids = type == LUA_TTABLE ? push_user_ids(L, 1, &count) : NULL;
    /* Nothing raises from here on: the frame is ours. */
    struct frame *frame = make_frame(L, 2, 3, options.frame_class);
    struct delivery delivery = {frame, options.except, options.except_user};
    if (!desk) {
        frame_release(frame); /* starting up: nobody is connected */
        return 0;
    }
    if (a && a->audience) {
        hub_deliver(desk, a->audience, &delivery);
    } else if (type == LUA_TSTRING) {
        struct bytes user;
        user.data = lua_tolstring(L, 1, &user.len);
        hub_deliver_user(desk, user, &delivery);
    } else if (type == LUA_TTABLE) {
        deliver_list(desk, ids, count, &delivery);
    }
    frame_release(frame);
    return 0;
}

/* mesh.session.send(connection, event, params, options) */
static int send_one(lua_State *L)
{
    lua_settop(L, 4);
    connection_id connection = (connection_id)luaL_checkinteger(L, 1);
    struct send_options options = read_options(L, 4);
    struct desk *desk = plugin_cell_of(L)->worker->desk;
    struct frame *frame = make_frame(L, 2, 3, options.frame_class);
    if (desk) {
        hub_send(desk, connection, frame);
    }
    frame_release(frame);
    return 0;
}

/* ---- open, close, of ---- */

static struct bytes field(lua_State *L, int index, const char *name)
{
    struct bytes value = BYTES_NONE;
    if (options_member(L, index, name) == LUA_TSTRING) {
        value.data = lua_tolstring(L, -1, &value.len);
    }
    lua_pop(L, 1); /* the table keeps it */
    return value;
}

/* mesh.session.open {userId, deviceId, sessionId} -> true, or nil and an error */
static int open_session(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    struct bytes user = field(L, 1, "userId");
    struct bytes device = field(L, 1, "deviceId");
    struct bytes login = field(L, 1, "sessionId");
    luaL_argcheck(L, user.len && device.len && login.len, 1,
                  "userId, deviceId and sessionId expected");
    struct event *event = event_of(L);
    if (!event || !event->call) {
        return gate_error(L, "session.open: only inside a client's call");
    }
    struct session *session = call_session(event->call);
    if (!session) {
        return failure_return(L, RPC_UNAVAILABLE, "this call did not come over a WebSocket");
    }
    int err = session_bind(session, user, device, login);
    if (err == ERR_EXISTS) {
        return failure_return(L, RPC_CONFLICT, "the connection is another login's");
    }
    if (err) {
        return gate_error(L, "session.open: %s", err_text(err));
    }
    lua_pushboolean(L, true);
    return 1;
}

/* mesh.session.close {sessionId = | userId = | connection =, except =} */
static int close_sessions(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    struct desk *desk = plugin_cell_of(L)->worker->desk;
    struct bytes login = field(L, 1, "sessionId");
    struct bytes user = field(L, 1, "userId");
    options_member(L, 1, "connection");
    options_member(L, 1, "except");
    connection_id connection = (connection_id)luaL_optinteger(L, -2, 0);
    connection_id except = (connection_id)luaL_optinteger(L, -1, 0);
    luaL_argcheck(L, login.len || user.len || connection, 1,
                  "sessionId, userId or connection expected");
    if (!desk) {
        return 0;
    }
    if (connection) {
        hub_close(desk, HUB_BY_CONNECTION, BYTES_NONE, connection, CLOSE_REVOKED, BYTES("revoked"));
    } else {
        hub_close(desk, login.len ? HUB_BY_LOGIN : HUB_BY_USER, login.len ? login : user, except,
                  CLOSE_REVOKED, BYTES("revoked"));
    }
    return 0;
}

/* mesh.session.of(user_id) -> list of {sessionId, deviceId, connection, openedAt} */
static int sessions_of(lua_State *L)
{
    struct bytes user;
    user.data = luaL_checklstring(L, 1, &user.len);
    struct hub *hub = plugin_cell_of(L)->generation->runtime->options.hub;
    struct hub_session found[HUB_USER_SESSIONS_MAX];
    size_t count = hub_sessions_of(hub, user, found, HUB_USER_SESSIONS_MAX);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count && i < HUB_USER_SESSIONS_MAX; i++) {
        lua_createtable(L, 0, 4);
        lua_pushstring(L, found[i].session_id);
        lua_setfield(L, -2, "sessionId");
        lua_pushstring(L, found[i].device_id);
        lua_setfield(L, -2, "deviceId");
        lua_pushinteger(L, (lua_Integer)found[i].connection);
        lua_setfield(L, -2, "connection");
        lua_pushinteger(L, found[i].opened_at_ms);
        lua_setfield(L, -2, "openedAt");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* mesh.session.is_online(user_id) -> boolean */
static int is_online(lua_State *L)
{
    struct bytes user;
    user.data = luaL_checklstring(L, 1, &user.len);
    struct hub *hub = plugin_cell_of(L)->generation->runtime->options.hub;
    lua_pushboolean(L, hub_sessions_of(hub, user, NULL, 0) > 0);
    return 1;
}

static void add_function(lua_State *L, const char *name, lua_CFunction function)
{
    lua_pushcfunction(L, function);
    lua_setfield(L, -2, name);
}

void api_session_push(lua_State *L, const struct manifest *manifest)
{
    static const luaL_Reg methods[] = {
        {"__gc", audience_gc},
        {"__len", audience_len},
        {NULL, NULL},
    };
    luaL_newmetatable(L, AUDIENCE_TYPE);
    luaL_setfuncs(L, methods, 0);
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    lua_newtable(L);
    if (manifest_grants(manifest, GRANT_SESSION_DELIVER)) {
        add_function(L, "deliver", deliver);
        add_function(L, "send", send_one);
        add_function(L, "audience", audience);
    }
    if (manifest_grants(manifest, GRANT_SESSION_OPEN)) {
        add_function(L, "open", open_session);
    }
    if (manifest_grants(manifest, GRANT_SESSION_CLOSE)) {
        add_function(L, "close", close_sessions);
    }
    add_function(L, "of", sessions_of);
    add_function(L, "is_online", is_online);
}
