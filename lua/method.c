/*
 * A client's call on its way to the plugin that has the method: found in the
 * snapshot, checked by its schema before any plugin code runs, answered from
 * what the handler returned.
 */
#include "lua/method.h"

#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/session/limiter.h"
#include "lua/documents.h"
#include "lua/event.h"
#include "lua/json.h"

#include <stdio.h>
#include <string.h>

#define DISCOVER "rpc.discover"
#define DOCUMENT_BYTES_MAX (8U << 20)

/* ---- schema ---- */

int method_check(const struct schema *schema, struct json_doc *doc, struct json_node *params,
                 struct failure *failure)
{
    struct schema_error error = {"", ""};
    int err = schema ? schema_check(schema, doc, params, &error) : 0;
    if (!err) {
        return 0;
    }
    failure_set(failure, err == ERR_TOO_LARGE ? RPC_TOO_LARGE : RPC_INVALID_PARAMS, "%s",
                error.message);
    failure_add_text(failure, "path", bytes_of(error.path));
    return err;
}

/* ---- limits of single methods ---- */

int64_t method_limit(struct runtime_worker *worker, const struct entry *entry,
                     const struct caller *caller)
{
    const struct runtime_options *options = &worker->runtime->options;
    if (entry->limit_per_s <= 0 || !worker->runtime->rate_limits_on) {
        return 0;
    }
    if (entry->limit_by_address && caller->is_loopback) {
        return 0;
    }
    char key[256];
    const char *who =
        entry->limit_by_address || !caller->user_id ? caller->address : caller->user_id;
    int len = snprintf(key, sizeof(key), "m:%s:%s", entry->name, who ? who : "");
    return limiter_take(hub_limiter(options->hub), (struct bytes){key, (size_t)len},
                        entry->limit_per_s, entry->limit_burst < 1 ? 1 : entry->limit_burst);
}

/* ---- the call ---- */

static void answer_failure(struct call *call, const struct failure *failure)
{
    rpc_fail(call, failure->code, failure->message, buf_bytes(&failure->data));
}

static void method_finish(struct event *event)
{
    if (event->failure.code) {
        answer_failure(event->call, &event->failure);
    } else {
        rpc_answer(event->call, buf_bytes(&event->worker->out));
    }
}

static int push_call(lua_State *L, struct event *event)
{
    json_push(L, event->doc, event->params);
    event_push_caller(L, event->caller);
    return 2;
}

static void refuse(struct runtime_worker *worker, struct snapshot *snapshot, struct call *call,
                   struct failure *failure)
{
    answer_failure(call, failure);
    failure_close(failure);
    if (snapshot) {
        worker_leave(worker, snapshot);
    }
}

/* 0, or the reason to refuse the call in failure. */
static int method_admit(struct runtime_worker *worker, const struct target *target,
                        const struct caller *caller, struct json_doc *doc, struct json_node *params,
                        struct failure *failure)
{
    int64_t wait_ms = method_limit(worker, target->entry, caller);
    if (wait_ms) {
        failure_set(failure, RPC_RATE_LIMITED, "too many calls of this method");
        failure_add_integer(failure, "retryAfterMs", wait_ms);
        return ERR_FULL;
    }
    return method_check(target->entry->params, doc, params, failure);
}

static void discover(struct runtime_worker *worker, struct call *call)
{
    struct snapshot *snapshot = worker_admit(worker);
    struct buf out;
    buf_open(&out, DOCUMENT_BYTES_MAX);
    if (snapshot && documents_openrpc(snapshot, &out) == 0) {
        rpc_answer(call, buf_bytes(&out));
    } else {
        rpc_fail(call, RPC_UNAVAILABLE, "the server is starting", BYTES_NONE);
    }
    buf_close(&out);
    if (snapshot) {
        worker_leave(worker, snapshot);
    }
}

static void method_call(void *ctx, struct call *call, struct bytes method,
                        const struct caller *caller, struct json_doc *doc, struct json_node *params)
{
    struct runtime_worker *worker = ctx;
    if (bytes_equal_text(method, DISCOVER)) {
        discover(worker, call);
        return;
    }
    struct snapshot *snapshot = worker_admit(worker);
    const struct target *target = snapshot ? map_get(snapshot->methods, method) : NULL;
    struct failure failure;
    if (!target) {
        failure_open(&failure);
        failure_set(&failure, snapshot ? RPC_METHOD_NOT_FOUND : RPC_UNAVAILABLE, "%s",
                    snapshot ? "no such method" : "the server is starting");
        refuse(worker, snapshot, call, &failure);
        return;
    }
    if (!params) {
        doc = &worker->empty;
        params = doc->nodes;
    }
    failure_open(&failure);
    if (method_admit(worker, target, caller, doc, params, &failure)) {
        refuse(worker, snapshot, call, &failure);
        return;
    }
    failure_close(&failure);
    struct event *event = event_new(worker, snapshot, target);
    event->call = call;
    event->caller = caller;
    event->doc = doc;
    event->params = params;
    event->push = push_call;
    event->take = TAKE_JSON;
    event->finish = method_finish;
    event_run(event);
}

static bool method_knows(void *ctx, struct bytes method, bool *is_open)
{
    const struct runtime_worker *worker = ctx;
    const struct snapshot *snapshot = atomic_load(&worker->runtime->current);
    if (bytes_equal_text(method, DISCOVER)) {
        *is_open = true;
        return true;
    }
    const struct target *target = snapshot ? map_get(snapshot->methods, method) : NULL;
    *is_open = target && target->entry->is_open;
    return target != NULL;
}

void runtime_worker_backend(struct runtime_worker *worker, struct rpc_backend *backend,
                            struct desk_events *events)
{
    *backend = (struct rpc_backend){worker, method_knows, method_call};
    session_events_fill(worker, events);
}
