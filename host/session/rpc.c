/*
 * Taking a message apart: text -> document -> envelope of each call -> backend.
 *
 * A message that is not a valid call is answered with `id: null`, whatever it
 * says, since an id is only an id inside of a valid call. `params` must be an
 * object; an array is a valid call all the same and so gets `invalid_params`
 * with its id, anything else (null too) is no valid call.
 */
#include "host/session/rpc.h"

#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/session/limiter.h"
#include "host/session/rpc_private.h"

#include <string.h>

#define LIMITER_KEY_MAX 128

struct envelope {
    const struct json_node *jsonrpc;
    const struct json_node *method;
    const struct json_node *id;
    const struct json_node *params;
};

/* The members of a call; others mean nothing. */
static struct envelope read_envelope(const struct json_doc *doc, const struct json_node *object)
{
    struct envelope envelope = {0};
    if (object->type != JSON_OBJECT) {
        return envelope;
    }
    const struct json_node *name = json_first(doc, object);
    for (; name != NULL; name = json_next(doc, object, name + 1)) {
        if (name->size == 2 && memcmp(name->text, "id", 2) == 0) {
            envelope.id = name + 1;
        } else if (name->size == 6 && memcmp(name->text, "method", 6) == 0) {
            envelope.method = name + 1;
        } else if (name->size == 6 && memcmp(name->text, "params", 6) == 0) {
            envelope.params = name + 1;
        } else if (name->size == 7 && memcmp(name->text, "jsonrpc", 7) == 0) {
            envelope.jsonrpc = name + 1;
        }
    }
    return envelope;
}

static bool is_good_string(const struct json_node *node)
{
    return node != NULL && node->type == JSON_STRING && (node->flags & JSON_BAD_STRING) == 0;
}

/* Writes the id as it will be echoed: by value. False when it cannot be one. */
static bool take_id(struct call *call, struct buf *scratch, const struct json_node *id)
{
    call->id_len = 0;
    if (id == NULL) {
        return true;
    }
    if (id->type == JSON_STRING && id->size > RPC_ID_BYTES_MAX) {
        return false; /* before it is written out in full */
    }
    buf_clear(scratch);
    if (id->type == JSON_INTEGER) {
        buf_append_integer(scratch, id->integer);
    } else if (id->type == JSON_REAL) {
        json_write_real(scratch, id->real);
    } else if (is_good_string(id)) {
        json_write_string(scratch, json_string(id));
    } else if (id->type == JSON_NULL) {
        buf_append(scratch, BYTES("null"));
    }
    if (scratch->err || scratch->len == 0 || scratch->len > RPC_ID_BYTES_MAX) {
        return false;
    }
    memcpy(call->id, scratch->data, scratch->len);
    call->id_len = (uint8_t)scratch->len;
    return true;
}

static bool is_valid(const struct envelope *envelope)
{
    return envelope->jsonrpc != NULL && json_is_string(envelope->jsonrpc, "2.0") &&
           is_good_string(envelope->method) &&
           (envelope->params == NULL || envelope->params->type == JSON_OBJECT ||
            envelope->params->type == JSON_ARRAY);
}

int64_t desk_take_call(const struct desk *desk, const struct caller *caller)
{
    if (!desk->limits.rate_limits_on) {
        return 0;
    }
    struct bytes name = bytes_of(caller->user_id != NULL ? caller->user_id : caller->address);
    char key[LIMITER_KEY_MAX];
    if (name.len > sizeof(key) - 2) {
        name.len = sizeof(key) - 2;
    }
    key[0] = caller->user_id != NULL ? 'u' : 'a';
    key[1] = ':';
    if (name.len > 0) {
        memcpy(key + 2, name.data, name.len);
    }
    return limiter_take(hub_limiter(desk->hub), (struct bytes){key, name.len + 2},
                        desk->limits.calls_per_s, desk->limits.calls_burst);
}

double desk_calls_burst(const struct desk *desk)
{
    return desk->limits.calls_burst;
}

static struct caller session_caller(const struct session *session)
{
    const struct identity *identity = session->identity;
    struct caller caller = {
        .connection = session->id,
        .address = session->conn->address,
        .token = session->conn->token,
        .is_loopback = session->conn->is_loopback,
    };
    if (identity != NULL) {
        caller.user_id = identity_user(identity);
        caller.device_id = identity_device(identity);
        caller.session_id = identity_login(identity);
    }
    return caller;
}

/* What is no valid call costs a token too, so that garbage is a flood like any other. */
static void refuse(struct exchange *exchange, const struct caller *caller, enum rpc_code code)
{
    struct session *session = exchange->session;
    int64_t wait_ms = desk_take_call(exchange->desk, caller);
    if (wait_ms == 0) {
        exchange_refuse(exchange, code, BYTES_NONE);
        return;
    }
    char members[48];
    exchange_refuse(exchange, RPC_RATE_LIMITED,
                    rpc_retry_members(members, sizeof(members), wait_ms));
    if (session != NULL) {
        session_count_flood(session);
    }
}

static void dispatch(struct call *call, const struct caller *caller, struct json_doc *doc,
                     const struct envelope *envelope)
{
    struct exchange *exchange = call->exchange;
    struct rpc_backend *backend = &exchange->desk->backend;
    struct bytes method = json_string(envelope->method);
    bool is_open = false;
    if (method.len > RPC_METHOD_BYTES_MAX || !backend->knows(backend->ctx, method, &is_open)) {
        rpc_fail(call, RPC_METHOD_NOT_FOUND, NULL, BYTES_NONE);
    } else if (!is_open && caller->user_id == NULL) {
        exchange->needs_login = true;
        rpc_fail(call, RPC_UNAUTHENTICATED, NULL, BYTES_NONE);
    } else if (envelope->params != NULL && envelope->params->type == JSON_ARRAY) {
        rpc_fail(call, RPC_INVALID_PARAMS, "Params are by name", BYTES("\"path\":\"\""));
    } else {
        struct json_node *params =
            envelope->params != NULL ? &doc->nodes[envelope->params - doc->nodes] : NULL;
        backend->call(backend->ctx, call, method, caller, doc, params);
    }
}

static void start_call(struct call *call, const struct caller *caller, struct json_doc *doc,
                       const struct envelope *envelope)
{
    struct exchange *exchange = call->exchange;
    struct desk *desk = exchange->desk;
    struct session *session = exchange->session;
    call->is_open = true;
    exchange->open++;
    desk->calls++;
    if (session != NULL) {
        session_calls_began(session, 1);
    }
    int64_t wait_ms = desk_take_call(desk, caller);
    if (wait_ms > 0) {
        call_fail_retry(call, RPC_RATE_LIMITED, wait_ms);
        if (session != NULL) {
            session_count_flood(session);
        }
    } else if (desk->is_draining) {
        call_fail_retry(call, RPC_UNAVAILABLE, RPC_RETRY_MS);
    } else if (session != NULL && session->state != SESSION_OPEN) {
        rpc_fail(call, RPC_UNAUTHENTICATED, NULL, BYTES_NONE);
    } else {
        dispatch(call, caller, doc, envelope);
    }
}

/* One item of a batch, or a whole message. http_caller is NULL for a session. */
static void start_item(struct exchange *exchange, struct call *call,
                       const struct caller *http_caller, struct json_doc *doc,
                       const struct json_node *object)
{
    struct caller caller = http_caller != NULL ? *http_caller : session_caller(exchange->session);
    struct envelope envelope = read_envelope(doc, object);
    call->exchange = exchange;
    if (is_valid(&envelope) && take_id(call, &exchange->desk->scratch, envelope.id)) {
        start_call(call, &caller, doc, &envelope);
    } else {
        refuse(exchange, &caller, RPC_INVALID_REQUEST);
    }
}

static void start_batch(struct exchange *exchange, const struct caller *http_caller,
                        struct json_doc *doc)
{
    const struct json_node *array = &doc->nodes[0];
    exchange->is_batch = true;
    exchange->calls = mem_alloc_array(array->size, sizeof(struct call));
    struct call *call = exchange->calls;
    bool is_http = exchange->done != NULL;
    const struct json_node *item = json_first(doc, array);
    for (; item != NULL; item = json_next(doc, array, item)) {
        if (!is_http && (exchange->session == NULL || exchange->session->state == SESSION_ENDED)) {
            return; /* a flood was closed in the middle of it */
        }
        start_item(exchange, call++, http_caller, doc, item);
    }
}

static enum rpc_code code_of_parse_error(int err)
{
    switch (err) {
    case ERR_TOO_LARGE:
        return RPC_TOO_LARGE;
    case ERR_NOMEM:
        return RPC_UNAVAILABLE;
    default:
        return RPC_PARSE_ERROR;
    }
}

static bool is_batch(const struct json_doc *doc)
{
    return doc->nodes[0].type == JSON_ARRAY;
}

/* How many calls in flight the message would add at most. */
static uint32_t calls_of(const struct json_doc *doc)
{
    if (!is_batch(doc)) {
        return 1;
    }
    return doc->nodes[0].size <= RPC_BATCH_MAX ? doc->nodes[0].size : 0;
}

static void start_message(struct exchange *exchange, const struct caller *http_caller,
                          struct json_doc *doc, int parse_error)
{
    bool is_refused =
        parse_error != 0 ||
        (is_batch(doc) && (doc->nodes[0].size == 0 || doc->nodes[0].size > RPC_BATCH_MAX));
    if (is_refused) {
        struct caller caller =
            http_caller != NULL ? *http_caller : session_caller(exchange->session);
        refuse(exchange, &caller,
               parse_error ? code_of_parse_error(parse_error) : RPC_INVALID_REQUEST);
    } else if (is_batch(doc)) {
        start_batch(exchange, http_caller, doc);
    } else {
        start_item(exchange, &exchange->first, http_caller, doc, &doc->nodes[0]);
    }
    exchange_drop(exchange);
}

/* The desk's document, unless a message is started from within another's. */
static struct json_doc *lend_doc(struct desk *desk, struct json_doc *own)
{
    if (desk->doc_is_lent) {
        json_open(own);
        return own;
    }
    desk->doc_is_lent = true;
    return &desk->doc;
}

static void return_doc(struct desk *desk, struct json_doc *doc)
{
    if (doc == &desk->doc) {
        desk->doc_is_lent = false;
    } else {
        json_close(doc);
    }
}

bool rpc_run(struct session *session, struct bytes text)
{
    struct desk *desk = session->desk;
    struct json_limits limits = {.depth_max = desk->limits.json_depth_max};
    struct json_doc own;
    struct json_doc *doc = lend_doc(desk, &own);
    int err = json_parse(doc, text, &limits);
    bool fits = err || session->calls + calls_of(doc) <= RPC_CALLS_IN_FLIGHT_MAX;
    if (fits) {
        start_message(exchange_new(desk, session, NULL, NULL), NULL, doc, err);
    }
    return_doc(desk, doc);
    return fits;
}

void rpc_http(struct desk *desk, struct bytes message, const struct caller *caller,
              rpc_http_done done, void *ctx)
{
    CHECK(done != NULL && caller != NULL);
    struct json_limits limits = {.depth_max = desk->limits.json_depth_max};
    struct json_doc own;
    struct json_doc *doc = lend_doc(desk, &own);
    int err = json_parse(doc, message, &limits);
    start_message(exchange_new(desk, NULL, done, ctx), caller, doc, err);
    return_doc(desk, doc);
}
