#include "lua/event.h"

#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/crypto/random.h"
#include "lua/json.h"
#include "lua/pack.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#define DROPPED_LOG_MS 60000 /* between two lines of a worker about dropped events */

static void event_take(struct task *task, lua_State *L, int results);
static void event_done(struct task *task, const struct task_end *end);

static struct event *event_make(struct runtime_worker *worker, struct plugin_cell *cell)
{
    struct event *event = mem_alloc(sizeof(*event));
    event->worker = worker;
    event->cell = cell;
    event->task.cell = cell->cell;
    event->task.take = event_take;
    event->task.done = event_done;
    failure_open(&event->failure);
    cell->events++;
    worker->events++;
    return event;
}

struct event *event_new(struct runtime_worker *worker, struct snapshot *snapshot,
                        const struct target *target)
{
    struct event *event = event_make(worker, target_cell(target, worker));
    event->snapshot = snapshot;
    event->target = target;
    return event;
}

struct event *event_new_for_cell(struct plugin_cell *cell)
{
    return event_make(cell->worker, cell);
}

struct event *event_of(lua_State *L)
{
    return (struct event *)(void *)task_current(L);
}

unsigned event_next_hop(lua_State *L)
{
    const struct event *event = event_of(L);
    unsigned hops = event ? event->hops : 0;
    if (hops >= RUNTIME_HOPS_MAX) {
        gate_error(L, "events cause each other more than %d deep", RUNTIME_HOPS_MAX);
    }
    return hops + 1;
}

static void event_free(struct event *event)
{
    failure_close(&event->failure);
    event->cell->events--;
    event->cell->running -= event->is_counted;
    event->worker->events--;
    if (event->snapshot) {
        worker_leave(event->worker, event->snapshot);
    }
    mem_free(event->kept);
    mem_free(event);
}

/* ---- in ---- */

static int event_push(lua_State *L, void *arg)
{
    struct event *event = arg;
    if (!event->target) {
        return event->push(L, event);
    }
    luaL_checkstack(L, 16, NULL);
    plugin_cell_push_handler(L, event->target->index); /* handler */
    plugin_cell_push_mesh(L);                          /* handler mesh */
    return 1 + event->push(L, event);
}

/* The breaker: after many failures in a row of time, calls are refused for a while. */
static bool breaker_is_open(const struct event *event)
{
    const struct slot *slot = event->cell->slot;
    return slot->open_until_ms && event->target && clock_steady_ms() < slot->open_until_ms;
}

static void breaker_count(struct event *event)
{
    struct slot *slot = event->cell->slot;
    int64_t now = clock_steady_ms();
    if (now - slot->failures_since_ms > BREAKER_WINDOW_MS) {
        slot->failures_since_ms = now;
        slot->failures = 0;
    }
    slot->failures++;
    if (slot->failures < BREAKER_FAILURES) {
        return;
    }
    slot->failures = 0;
    slot->open_until_ms = now + BREAKER_OPEN_MS;
    metric_add(slot->breaker, 1);
    LOG(LOG_WARN, "plugin", "too many failures, answering unavailable for a while",
        LOG_TEXT("plugin", slot->name), LOG_INT("seconds", BREAKER_OPEN_MS / 1000));
}

static void event_end(struct event *event)
{
    event->has_ended = true;
    event->finish(event);
    event_free(event);
}

/* Why the plugin's code is not to run now: a failure that is set, with how long to wait. */
static bool event_is_refused(struct event *event)
{
    const struct plugin_cell *cell = event->cell;
    if (event->worker->is_closing) {
        failure_set(&event->failure, RPC_UNAVAILABLE, "the server is going away");
    } else if (breaker_is_open(event)) {
        failure_set(&event->failure, RPC_UNAVAILABLE, "the plugin failed too often; retry later");
        failure_add_integer(&event->failure, "retryAfterMs", BREAKER_OPEN_MS);
    } else if (cell->running >= cell->generation->bundle->manifest->limits.calls) {
        failure_set(&event->failure, RPC_UNAVAILABLE, "the plugin has too many calls in flight");
        failure_add_integer(&event->failure, "retryAfterMs", 100);
    }
    return event->failure.code != 0;
}

void event_run(struct event *event)
{
    event->started_ns = clock_precise_ns();
    if (event->target) {
        metric_add(event->cell->slot->calls, 1);
    }
    if (event_is_refused(event)) {
        event_end(event);
        return;
    }
    event->is_counted = true;
    event->cell->running++;
    if (event->no_wait) {
        task_run_now(&event->task, event_push, event);
    } else {
        task_run(&event->task, event_push, event);
    }
}

void event_count_dropped(struct runtime_worker *worker)
{
    int64_t now = clock_steady_ms();
    metric_add(metric_counter("chattermesh_events_dropped_total", "",
                              "Bus events dropped because a worker had too many waiting."),
               1);
    if (now >= worker->dropped_log_ms) {
        worker->dropped_log_ms = now + DROPPED_LOG_MS;
        LOG(LOG_WARN, "bus", "a worker has too many events waiting, some are dropped",
            LOG_INT("worker", worker->index));
    }
}

void event_defer(struct event *event)
{
    struct runtime_worker *worker = event->worker;
    if (worker->is_closing) {
        event_free(event);
        return;
    }
    if (worker->deferred_count >= RUNTIME_DEFERRED_MAX) {
        event_count_dropped(worker);
        event_free(event);
        return;
    }
    worker->deferred_count++;
    event->next = NULL;
    if (worker->deferred_last) {
        worker->deferred_last->next = event;
    } else {
        worker->deferred_first = event;
    }
    worker->deferred_last = event;
}

struct event *event_next_deferred(struct runtime_worker *worker)
{
    struct event *event = worker->deferred_first;
    if (event) {
        worker->deferred_first = event->next;
        worker->deferred_last = event->next ? worker->deferred_last : NULL;
        worker->deferred_count--;
    }
    return event;
}

void event_drop_deferred(struct runtime_worker *worker)
{
    for (struct event *event; (event = event_next_deferred(worker));) {
        event_free(event);
    }
}

/* ---- out ---- */

static void take_json(struct event *event, lua_State *L, int index)
{
    char why[JSON_MESSAGE_MAX];
    struct buf *out = &event->worker->out;
    const struct schema *schema = event->target ? event->target->entry->result : NULL;
    if (lua_isnil(L, index)) {
        buf_append_text(out, "{}");
        return;
    }
    if (!lua_istable(L, index)) {
        luaL_error(L, "the result is a %s, a table was expected", luaL_typename(L, index));
    }
    int err = json_encode(L, index, out, schema, false, why, sizeof(why));
    if (err) {
        luaL_error(L, "the result of %s can't be sent: %s",
                   event->target ? event->target->entry->name : "this", why);
    }
}

/* One member of a route's answer, if it is there, as a member of the JSON object in out. */
static void take_member(struct event *event, lua_State *L, int index, const char *name,
                        const struct schema *schema)
{
    char why[JSON_MESSAGE_MAX];
    struct buf *out = &event->worker->out;
    lua_pushstring(L, name);
    lua_rawget(L, index);
    if (!lua_isnil(L, -1)) {
        if (out->len > 1) {
            buf_append_char(out, ',');
        }
        buf_append_format(out, "\"%s\":", name);
        if (json_encode(L, -1, out, schema, false, why, sizeof(why))) {
            luaL_error(L, "%s of the answer can't be sent: %s", name, why);
        }
    }
    lua_pop(L, 1);
}

static void take_route(struct event *event, lua_State *L, int index)
{
    luaL_argexpected(L, lua_istable(L, index), index, "table {status, json}");
    buf_append_char(&event->worker->out, '{');
    take_member(event, L, index, "status", NULL);
    take_member(event, L, index, "headers", NULL);
    take_member(event, L, index, "json", event->target->entry->result);
    take_member(event, L, index, "body", NULL);
    buf_append_char(&event->worker->out, '}');
}

static void take_pack(struct event *event, lua_State *L, int index)
{
    char why[PACK_MESSAGE_MAX];
    event->has_value = !lua_isnil(L, index);
    int err = pack_write(L, index, &event->worker->out, why, sizeof(why));
    if (err) {
        luaL_error(L, "the result is not plain data: %s", why);
    }
}

/* `nil, err` from the handler: an error value, or a text that counts as a veto or refusal. */
static bool take_failure(struct event *event, lua_State *L, int first, int results)
{
    if (results < 2 || !lua_isnil(L, first) || lua_isnil(L, first + 1)) {
        return false;
    }
    if (failure_read(L, first + 1, &event->failure)) {
        return true;
    }
    if (lua_type(L, first + 1) == LUA_TSTRING) {
        failure_set(&event->failure, RPC_REJECTED, "%s", lua_tostring(L, first + 1));
        return true;
    }
    return luaL_error(L, "returned nil and a %s; an error from mesh.error was expected",
                      luaL_typename(L, first + 1));
}

static void event_take(struct task *task, lua_State *L, int results)
{
    struct event *event = (struct event *)(void *)task;
    luaL_checkstack(L, 16, NULL);
    buf_clear(&event->worker->out);
    if (results == 0) {
        lua_pushnil(L);
        results = 1;
    }
    int first = lua_gettop(L) - results + 1;
    if (take_failure(event, L, first, results)) {
        return;
    }
    if (event->take == TAKE_JSON) {
        take_json(event, L, first);
    } else if (event->take == TAKE_ROUTE) {
        take_route(event, L, first);
    } else if (event->take == TAKE_PACK) {
        take_pack(event, L, first);
    }
}

static void log_incident(const struct event *event, const struct task_end *end,
                         const char *incident)
{
    const struct manifest *manifest = event->cell->generation->bundle->manifest;
    LOG(LOG_ERROR, "plugin", end->message ? end->message : err_text(end->err),
        LOG_TEXT("plugin", manifest->name), LOG_TEXT("version", manifest->version),
        LOG_INT("generation", event->cell->generation->number),
        LOG_INT("worker", event->worker->index),
        LOG_TEXT("event", event->target ? event->target->entry->name : "start"),
        LOG_TEXT("incident", incident), LOG_TEXT("trace", end->trace ? end->trace : ""));
}

/* What went wrong in the plugin: one line in the log under a number that the client is told. */
static void fail_by_end(struct event *event, const struct task_end *end)
{
    if (end->err == ERR_CANCELLED || end->err == ERR_UNAVAILABLE) {
        failure_set(&event->failure, RPC_UNAVAILABLE, "the server is busy or going away");
        return;
    }
    if (end->err == ERR_TIMEOUT) {
        failure_set(&event->failure, RPC_TIMEOUT, "the time budget of the call ran out");
        return;
    }
    char incident[CRYPTO_ID_SIZE];
    crypto_id(incident, "e-");
    failure_set(&event->failure, RPC_PLUGIN_ERROR, "%s",
                event->is_silent && end->message ? end->message : "the plugin failed");
    if (!event->is_silent) {
        failure_add_text(&event->failure, "plugin",
                         bytes_of(event->cell->generation->bundle->manifest->name));
        failure_add_text(&event->failure, "incident", bytes_of(incident));
        log_incident(event, end, incident);
        metric_add(event->cell->slot->errors, 1);
        breaker_count(event);
    }
}

static void event_done(struct task *task, const struct task_end *end)
{
    struct event *event = (struct event *)(void *)task;
    if (end->err) {
        buf_clear(&event->failure.data);
        event->failure.kind[0] = '\0'; /* of what was returned before it failed */
        fail_by_end(event, end);
    }
    event_end(event);
}

static void set_text(lua_State *L, const char *name, const char *value)
{
    if (value) {
        lua_pushstring(L, value);
        lua_setfield(L, -2, name);
    }
}

void event_push_caller(lua_State *L, const struct caller *caller)
{
    lua_createtable(L, 0, 8);
    set_text(L, "userId", caller->user_id);
    set_text(L, "deviceId", caller->device_id);
    set_text(L, "sessionId", caller->session_id);
    set_text(L, "address", caller->address);
    if (!caller->user_id) {
        set_text(L, "token", caller->token);
    }
    if (caller->connection != CONNECTION_NONE) {
        lua_pushinteger(L, (lua_Integer)caller->connection);
        lua_setfield(L, -2, "connection");
    }
    lua_pushboolean(L, caller->is_loopback);
    lua_setfield(L, -2, "isLoopback");
}
