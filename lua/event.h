/*
 * One event on its way through one cell: a client's call, a hook, a bus event,
 * a timer, a request. Carries the snapshot it was admitted under.
 */
#ifndef LUA_EVENT_H
#define LUA_EVENT_H

#include "lua/core.h"
#include "lua/failure.h"

enum event_take {
    TAKE_NOTHING,
    TAKE_JSON,  /* into worker->out by the entry's result schema */
    TAKE_ROUTE, /* {status, headers, json, body}, the json by the entry's result schema */
    TAKE_PACK,  /* plain data into worker->out; has_value says whether there was one */
};

struct event {
    struct task task; /* first, so that task_current gives the event */
    struct runtime_worker *worker;
    struct snapshot *snapshot; /* held; NULL for start and probe before the first flip */
    struct plugin_cell *cell;
    const struct target *target; /* NULL for start, probe, save, restore */
    /* Whose code waits for this event: the plugins from the first to the one that called. */
    const struct generation *callers[RUNTIME_CALL_DEPTH_MAX];
    unsigned depth;
    unsigned hops;           /* bus and observer events that caused it, one after the other */
    const struct slot *from; /* the plugin that called, or NULL */
    /* Pushes the handler's arguments after (mesh), gives their number. */
    int (*push)(lua_State *L, struct event *event);
    enum event_take take;
    /* The end: failure.code is 0 and worker->out holds the result, or it says why. Called once. The
     * event is freed after it, unless `keep` was set. */
    void (*finish)(struct event *event);
    void *ctx;
    struct call *call;            /* the client's call, or NULL */
    struct http_request *request; /* the HTTP request, or NULL */
    const struct caller *caller;  /* lent during push */
    const struct json_doc *doc;   /* lent during push */
    const struct json_node *params;
    struct bytes packed; /* lent during push */
    char *kept;          /* owned copy of packed for deferred events */
    struct failure failure;
    bool has_value; /* TAKE_PACK: the first result was not nil */
    bool is_silent; /* no incident in the log (probe, start: told to the operator) */
    bool no_wait;
    bool is_counted; /* in its cell's `running` */
    bool has_ended;
    struct event *next; /* deferred */
    uint64_t started_ns;
};

/* Returns an event for a target under a held snapshot (which it takes over). */
struct event *event_new(struct runtime_worker *worker, struct snapshot *snapshot,
                        const struct target *target);
/* The same for a cell's own functions (start, save...). */
struct event *event_new_for_cell(struct plugin_cell *cell);
/* Runs it; finish may be called before this returns, and frees the event. */
void event_run(struct event *event);
/* At the end of this turn; past RUNTIME_DEFERRED_MAX, and on a worker that closes, the event is
 * dropped without its finish. */
void event_defer(struct event *event);
/* A bus event was dropped: a number for /metrics, and one line a minute in the log, since a plugin
 * can cause as many as it likes. */
void event_count_dropped(struct runtime_worker *worker);
/* Takes the oldest of them out, NULL when none waits. */
struct event *event_next_deferred(struct runtime_worker *worker);
/* Drops the events that wait for the end of the turn. */
void event_drop_deferred(struct runtime_worker *worker);
/* The event whose code runs L; NULL in cell_protect. */
struct event *event_of(lua_State *L);
/* The hops of an event that the one running L causes; raises past RUNTIME_HOPS_MAX, so that no
 * events cause each other for ever. */
unsigned event_next_hop(lua_State *L);
/* Pushes the caller's table {userId, ...}. */
void event_push_caller(lua_State *L, const struct caller *caller);

#endif
