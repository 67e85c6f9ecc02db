/*
 * A whole message through the RPC layer, over a connection and over HTTP, with a
 * backend that answers at once, later, or with a failure. Whatever comes in,
 * what goes out is JSON, and no call is left behind.
 */
#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/session/session.h"

#define HELD_MAX RPC_BATCH_MAX

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hub *hub;
static struct loop *loop;
static struct desk *desk;
static struct conn_events events;
static struct call *held[HELD_MAX];
static size_t held_count;
static struct json_doc answer;

static bool knows(void *ctx, struct bytes method, bool *is_open)
{
    (void)ctx;
    *is_open = method.len > 0 && method.data[0] != 'c';
    return method.len > 0 && method.data[0] != 'u';
}

static void echo(struct call *call, const struct json_doc *doc, const struct json_node *params)
{
    struct buf out;
    buf_open(&out, 1U << 22);
    if (params == NULL || json_write_node(&out, doc, params, false) != 0) {
        rpc_fail(call, RPC_INVALID_PARAMS, "none", BYTES_NONE);
    } else {
        rpc_answer(call, buf_bytes(&out));
    }
    buf_close(&out);
}

static void run(void *ctx, struct call *call, struct bytes method, const struct caller *caller,
                struct json_doc *doc, struct json_node *params)
{
    (void)ctx;
    (void)caller;
    CHECK(params == NULL || params->type == JSON_OBJECT);
    if (method.data[0] == 'l' && held_count < HELD_MAX) {
        held[held_count++] = call;
    } else if (method.data[0] == 'b' && call_session(call) != NULL) {
        (void)session_bind(call_session(call), method, BYTES_NONE, method);
        rpc_answer(call, BYTES("{}"));
    } else {
        echo(call, doc, params);
    }
}

static void check_answer(struct bytes text)
{
    struct json_limits limits = {.depth_max = 64};
    CHECK(json_parse(&answer, text, &limits) == 0);
}

static void sent(struct conn *conn, struct frame *frame)
{
    (void)conn;
    check_answer(frame_payload(frame));
}

static void told_to_close(struct conn *conn, enum close_code code, struct bytes reason)
{
    (void)conn;
    (void)code;
    (void)reason;
}

static void told_to_pause(struct conn *conn, bool paused)
{
    (void)conn;
    (void)paused;
}

static void http_done(void *ctx, int status, struct bytes body)
{
    (void)ctx;
    CHECK(status == 200 || status == 204 || status == 401);
    if (body.len > 0) {
        check_answer(body);
    }
}

static void answer_held(void)
{
    while (held_count > 0) {
        rpc_answer(held[--held_count], BYTES("true"));
    }
}

static void start(void)
{
    struct desk_limits limits = {.rate_limits_on = false};
    struct rpc_backend backend = {NULL, knows, run};
    clock_test_start(0);
    hub = hub_new();
    loop = loop_new();
    desk = desk_new(hub, 0, loop, &limits, &backend, NULL);
    desk_conn_events(desk, &events);
    json_open(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct conn_ops ops = {sent, told_to_close, told_to_pause};
    static const struct caller caller = {.address = "10.0.0.1"};
    if (hub == NULL) {
        start();
    }
    struct bytes message = {(const char *)data, size};
    struct conn conn = {.ops = &ops, .address = "10.0.0.1"};
    events.opened(events.ctx, &conn);
    events.message(&conn, message);
    events.message(&conn, message); /* may have to wait for the first */
    answer_held();
    loop_settle(loop);
    answer_held();
    events.closed(&conn);
    rpc_http(desk, message, &caller, http_done, NULL);
    answer_held();
    loop_settle(loop);
    CHECK(desk_calls_in_flight(desk) == 0);
    return 0;
}
