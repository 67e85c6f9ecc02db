/* The small areas: id, now, worker, error, null, limits, plugins, config, log, limit, metrics. */
#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/metric.h"
#include "host/crypto/random.h"
#include "host/session/limiter.h"
#include "lua/api.h"
#include "lua/core.h"
#include "lua/event.h"
#include "lua/json.h"
#include "lua/options.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#define LOG_MESSAGE_MAX 512
#define LOG_FIELDS_BYTES_MAX 2048
#define LOG_LINES_PER_S 100.0 /* a plugin, all workers */
#define LOG_LINES_BURST 1000.0
#define METRIC_TYPE "mesh.metric"

/* mesh.id(prefix) -> id */
static int id(lua_State *L)
{
    const char *prefix = luaL_optstring(L, 1, "");
    luaL_argcheck(L, strlen(prefix) <= CRYPTO_ID_PREFIX_MAX, 1,
                  "a prefix of at most 14 characters");
    char out[CRYPTO_ID_SIZE];
    lua_pushlstring(L, out, crypto_id(out, prefix));
    return 1;
}

/* mesh.now() -> ms */
static int now(lua_State *L)
{
    lua_pushinteger(L, clock_wall_ms());
    return 1;
}

static const struct snapshot *snapshot_of(lua_State *L)
{
    const struct event *event = event_of(L);
    return event ? event->snapshot : NULL;
}

/* mesh.plugins() -> list of {name, version} */
static int plugins(lua_State *L)
{
    const struct snapshot *snapshot = snapshot_of(L);
    lua_newtable(L);
    for (size_t i = 0; snapshot && i < snapshot->generations_count; i++) {
        const struct manifest *manifest = snapshot->generations[i]->bundle->manifest;
        lua_createtable(L, 0, 2);
        lua_pushstring(L, manifest->name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, manifest->version);
        lua_setfield(L, -2, "version");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* ---- log ---- */

static bool log_is_allowed(struct plugin_cell *cell)
{
    char key[PLUGIN_NAME_MAX + 8];
    snprintf(key, sizeof(key), "log:%s", cell->slot->name);
    struct limiter *limiter = hub_limiter(cell->generation->runtime->options.hub);
    return limiter_take(limiter, bytes_of(key), LOG_LINES_PER_S, LOG_LINES_BURST) == 0;
}

static int log_line(lua_State *L, enum log_level level)
{
    size_t len;
    const char *message = luaL_checklstring(L, 1, &len);
    struct plugin_cell *cell = plugin_cell_of(L);
    char text[LOG_MESSAGE_MAX];
    struct buf fields;
    char why[JSON_MESSAGE_MAX];
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
    }
    if (level < log_level() || !log_is_allowed(cell)) {
        return 0;
    }
    snprintf(text, sizeof(text), "%s", message);
    buf_open(&fields, LOG_FIELDS_BYTES_MAX);
    if (lua_istable(L, 2)) {
        json_encode(L, 2, &fields, NULL, true, why, sizeof(why));
    }
    LOG(level, "plugin", text, LOG_TEXT("plugin", cell->slot->name),
        LOG_TEXT("version", cell->generation->bundle->manifest->version),
        LOG_INT("generation", cell->generation->number), LOG_INT("worker", cell->worker->index),
        LOG_BYTES("fields", buf_bytes(&fields)));
    buf_close(&fields);
    return 0;
}

static int log_debug(lua_State *L)
{
    return log_line(L, LOG_DEBUG);
}
static int log_info(lua_State *L)
{
    return log_line(L, LOG_INFO);
}
static int log_warn(lua_State *L)
{
    return log_line(L, LOG_WARN);
}
static int log_error(lua_State *L)
{
    return log_line(L, LOG_ERROR);
}

/* ---- limit ---- */

/* mesh.limit.take(key, {rate, burst}) -> true, or false and ms */
static int limit_take(lua_State *L)
{
    size_t len;
    const char *key = luaL_checklstring(L, 1, &len);
    luaL_checktype(L, 2, LUA_TTABLE);
    options_member(L, 2, "rate");
    double rate = luaL_checknumber(L, -1);
    options_member(L, 2, "burst");
    double burst = luaL_optnumber(L, -1, rate < 1 ? 1 : rate);
    luaL_argcheck(L, len <= 256, 1, "a key of at most 256 bytes");
    luaL_argcheck(L, rate > 0 && burst >= 1, 2, "rate above 0 and burst of at least 1 expected");
    struct plugin_cell *cell = plugin_cell_of(L);
    struct runtime *runtime = cell->generation->runtime;
    if (!runtime->rate_limits_on) {
        lua_pushboolean(L, true);
        return 1;
    }
    lua_pushfstring(L, "p:%s:%s", cell->slot->name, key);
    int64_t wait_ms =
        limiter_take(hub_limiter(runtime->options.hub), bytes_of(lua_tostring(L, -1)), rate, burst);
    lua_pushboolean(L, wait_ms == 0);
    if (wait_ms == 0) {
        return 1;
    }
    lua_pushinteger(L, wait_ms);
    return 2;
}

/* ---- metrics ---- */

enum metric_kind { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM };
struct lua_metric {
    struct metric *metric;
    enum metric_kind kind;
};

static bool is_metric_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= 64 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static int metric_make(lua_State *L, enum metric_kind kind)
{
    const char *name = luaL_checkstring(L, 1);
    const char *help = luaL_optstring(L, 2, "");
    struct plugin_cell *cell = plugin_cell_of(L);
    char full[128];
    luaL_argcheck(L, is_metric_name(name), 1, "1 to 64 of [a-z0-9_] expected");
    struct lua_metric *m = lua_newuserdatauv(L, sizeof(*m), 0);
    luaL_setmetatable(L, METRIC_TYPE);
    /* Metrics live as long as the process, and all plugins share their number. */
    if (!map_get(cell->slot->metrics, bytes_of(name)) &&
        map_put(cell->slot->metrics, bytes_of(name), cell->slot, NULL)) {
        return gate_error(L, "metrics: at most %d names", RUNTIME_METRICS_MAX);
    }
    snprintf(full, sizeof(full), "chattermesh_%s_%s", cell->slot->name, name);
    m->kind = kind;
    m->metric = kind == KIND_COUNTER ? metric_counter(full, "", help)
                : kind == KIND_GAUGE ? metric_gauge(full, "", help)
                                     : metric_histogram(full, "", help);
    return 1;
}

static int metrics_counter(lua_State *L)
{
    return metric_make(L, KIND_COUNTER);
}
static int metrics_gauge(lua_State *L)
{
    return metric_make(L, KIND_GAUGE);
}
static int metrics_histogram(lua_State *L)
{
    return metric_make(L, KIND_HISTOGRAM);
}

/* metric:add(n) */
static int metric_add_to(lua_State *L)
{
    struct lua_metric *m = luaL_checkudata(L, 1, METRIC_TYPE);
    lua_Integer amount = luaL_optinteger(L, 2, 1);
    luaL_argcheck(L, m->kind != KIND_HISTOGRAM, 1, "a histogram has :observe only");
    luaL_argcheck(L, amount >= 0 || m->kind == KIND_GAUGE, 2, "a counter only grows");
    metric_add(m->metric, amount);
    return 0;
}

/* gauge:set(n) */
static int metric_set_to(lua_State *L)
{
    struct lua_metric *m = luaL_checkudata(L, 1, METRIC_TYPE);
    luaL_argcheck(L, m->kind == KIND_GAUGE, 1, "a gauge was expected");
    metric_set(m->metric, luaL_checkinteger(L, 2));
    return 0;
}

/* histogram:observe(seconds) */
static int metric_observe(lua_State *L)
{
    struct lua_metric *m = luaL_checkudata(L, 1, METRIC_TYPE);
    lua_Number seconds = luaL_checknumber(L, 2);
    luaL_argcheck(L, m->kind == KIND_HISTOGRAM, 1, "a histogram was expected");
    luaL_argcheck(L, seconds >= 0 && seconds < 1e9, 2, "seconds from 0 expected");
    metric_observe_ns(m->metric, (uint64_t)(seconds * 1e9));
    return 0;
}

static void metrics_push(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"add", metric_add_to},
        {"set", metric_set_to},
        {"observe", metric_observe},
        {NULL, NULL},
    };
    static const luaL_Reg functions[] = {
        {"counter", metrics_counter},
        {"gauge", metrics_gauge},
        {"histogram", metrics_histogram},
        {NULL, NULL},
    };
    luaL_newmetatable(L, METRIC_TYPE);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
}

/* ---- values ---- */

static void add_integer(lua_State *L, const char *name, int64_t value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

static void push_limits(lua_State *L, const struct runtime_limits *limits)
{
    lua_createtable(L, 0, 7);
    add_integer(L, "frameBytes", limits->frame_bytes);
    add_integer(L, "jsonDepth", limits->json_depth);
    add_integer(L, "callsInFlight", limits->calls_in_flight);
    add_integer(L, "outboxBytes", limits->outbox_bytes);
    add_integer(L, "textBytes", limits->text_bytes);
    add_integer(L, "batch", limits->batch);
    add_integer(L, "mediaBytes", limits->media_bytes);
}

static int config_newindex(lua_State *L)
{
    return gate_error(L, "mesh.config is read only");
}

static void push_config_values(lua_State *L, struct plugin_cell *cell)
{
    const char *text = cell->generation->config_json;
    struct json_doc *doc = &cell->worker->doc;
    if (!text || json_parse(doc, bytes_of(text), NULL)) {
        lua_newtable(L);
        return;
    }
    json_push(L, doc, doc->nodes);
}

/* An empty table that looks its members up, so that none can be changed. */
static void push_config(lua_State *L, struct plugin_cell *cell)
{
    lua_newtable(L);
    lua_createtable(L, 0, 3); /* config metatable */
    push_config_values(L, cell);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, config_newindex);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}

void api_misc_add(lua_State *L, const struct manifest *manifest)
{
    static const luaL_Reg functions[] = {
        {"id", id}, {"now", now}, {"plugins", plugins}, {"error", failure_make}, {NULL, NULL},
    };
    static const luaL_Reg log_functions[] = {
        {"debug", log_debug}, {"info", log_info}, {"warn", log_warn},
        {"error", log_error}, {NULL, NULL},
    };
    static const luaL_Reg limit_functions[] = {{"take", limit_take}, {NULL, NULL}};
    struct plugin_cell *cell = plugin_cell_of(L);
    luaL_setfuncs(L, functions, 0);
    add_integer(L, "worker", cell->worker->index);
    lua_pushstring(L, manifest->name);
    lua_setfield(L, -2, "plugin");
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    push_limits(L, &cell->generation->runtime->options.limits);
    lua_setfield(L, -2, "limits");
    push_config(L, cell);
    lua_setfield(L, -2, "config");
    luaL_newlib(L, log_functions);
    lua_setfield(L, -2, "log");
    if (manifest_grants(manifest, GRANT_LIMIT)) {
        luaL_newlib(L, limit_functions);
        lua_setfield(L, -2, "limit");
    }
    if (manifest_grants(manifest, GRANT_METRICS)) {
        metrics_push(L);
        lua_setfield(L, -2, "metrics");
    }
}
