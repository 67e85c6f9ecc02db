#include "lua/auth.h"

#include "host/base/mem.h"
#include "lua/json.h"

#include <stdio.h>
#include <string.h>

struct auth {
    auth_done done;
    void *ctx;
    const char *token; /* lent during push */
};

static int push_token(lua_State *L, struct event *event)
{
    const struct auth *auth = event->ctx;
    lua_pushstring(L, auth->token);
    return 1;
}

static bool copy_id(char out[IDENTITY_ID_MAX + 1], const struct json_doc *doc, const char *name)
{
    const struct json_node *node = json_member(doc, doc->nodes, name);
    if (!node || node->type != JSON_STRING || node->size == 0 || node->size > IDENTITY_ID_MAX) {
        return false;
    }
    memcpy(out, node->text, node->size);
    out[node->size] = '\0';
    return true;
}

static bool read_identity(struct identity *identity, struct runtime_worker *worker)
{
    struct json_doc *doc = &worker->doc;
    return json_parse(doc, buf_bytes(&worker->out), NULL) == 0 &&
           copy_id(identity->user_id, doc, "userId") &&
           copy_id(identity->device_id, doc, "deviceId") &&
           copy_id(identity->session_id, doc, "sessionId");
}

static void bearer_finish(struct event *event)
{
    struct auth *auth = event->ctx;
    struct identity identity;
    memset(&identity, 0, sizeof(identity));
    if (!event->failure.code && !read_identity(&identity, event->worker)) {
        failure_set(&event->failure, RPC_UNAUTHENTICATED, "a valid session is needed");
    }
    bool failed = event->failure.code != 0;
    auth->done(auth->ctx, failed ? NULL : &identity, failed ? &event->failure : NULL);
    mem_free(auth);
}

static void refuse(auth_done done, void *ctx, enum rpc_code code, const char *message)
{
    struct failure failure;
    failure_open(&failure);
    failure_set(&failure, code, "%s", message);
    done(ctx, NULL, &failure);
    failure_close(&failure);
}

void auth_bearer(struct runtime_worker *worker, const char *token, const char *address,
                 auth_done done, void *ctx)
{
    (void)address;
    struct snapshot *snapshot = worker_admit(worker);
    if (!snapshot || !snapshot->bearer) {
        refuse(done, ctx, RPC_UNAVAILABLE, "no plugin checks tokens now");
        if (snapshot) {
            worker_leave(worker, snapshot);
        }
        return;
    }
    struct auth *auth = mem_alloc(sizeof(*auth));
    *auth = (struct auth){done, ctx, token};
    struct event *event = event_new(worker, snapshot, snapshot->bearer);
    event->push = push_token;
    event->take = TAKE_JSON;
    event->finish = bearer_finish;
    event->ctx = auth;
    event_run(event);
}

/* ---- the WebSocket upgrade: decided at once ---- */

static void upgrade_finish(struct event *event)
{
    bool *accepted = ((struct auth *)event->ctx)->ctx;
    *accepted = !event->failure.code && event->has_value;
}

int runtime_worker_upgrade(struct runtime_worker *worker, const char *token, const char *address)
{
    (void)address;
    if (!token) {
        return 0; /* the client will log in by a call */
    }
    struct snapshot *snapshot = worker_admit(worker);
    if (!snapshot || !snapshot->upgrade) {
        if (snapshot) {
            worker_leave(worker, snapshot);
        }
        return 503;
    }
    bool accepted = false;
    struct auth auth = {NULL, &accepted, token};
    struct event *event = event_new(worker, snapshot, snapshot->upgrade);
    event->push = push_token;
    event->take = TAKE_PACK;
    event->finish = upgrade_finish;
    event->ctx = &auth;
    event->no_wait = true;
    event_run(event);
    return accepted ? 0 : 401;
}
