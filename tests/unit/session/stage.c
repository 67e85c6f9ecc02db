#include "tests/unit/session/stage.h"

#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/list.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <string.h>

/* ---- the backend ---- */

static bool knows(void *ctx, struct bytes method, bool *is_open)
{
    (void)ctx;
    static const char *const open[] = {"open.echo", "open.later", "login"};
    static const char *const closed[] = {"echo", "later", "fail", "who", "quit"};
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        if (bytes_equal_text(method, open[i])) {
            *is_open = true;
            return true;
        }
    }
    *is_open = false;
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        if (bytes_equal_text(method, closed[i])) {
            return true;
        }
    }
    return false;
}

static struct bytes text_member(struct json_doc *doc, struct json_node *params, const char *name)
{
    const struct json_node *node = params != NULL ? json_member(doc, params, name) : NULL;
    return node != NULL ? json_string(node) : BYTES_NONE;
}

static void run_echo(struct call *call, struct json_doc *doc, struct json_node *params)
{
    struct buf out;
    buf_open(&out, 1U << 20);
    if (params != NULL) {
        (void)json_write_node(&out, doc, params, false);
    } else {
        buf_append(&out, BYTES("null"));
    }
    rpc_answer(call, buf_bytes(&out));
    buf_close(&out);
}

static void run_login(struct call *call, struct json_doc *doc, struct json_node *params)
{
    struct bytes device = text_member(doc, params, "device");
    if (call_session(call) == NULL) {
        rpc_fail(call, RPC_UNAVAILABLE, "no session", BYTES_NONE);
        return;
    }
    int err =
        session_bind(call_session(call), text_member(doc, params, "user"),
                     device.len > 0 ? device : BYTES("phone"), text_member(doc, params, "login"));
    if (err) {
        rpc_fail(call, RPC_CONFLICT, err_name(err), BYTES_NONE);
    } else {
        rpc_answer(call, BYTES("{}"));
    }
}

static void run_who(struct call *call, const struct caller *caller)
{
    struct buf out;
    buf_open(&out, 4096);
    buf_append_format(&out, "[\"%s\",\"%s\",\"%s\",\"%s\",\"%s\"]", caller->user_id,
                      caller->device_id, caller->session_id, caller->address,
                      caller->token != NULL ? caller->token : "");
    rpc_answer(call, buf_bytes(&out));
    buf_close(&out);
}

static void run(void *ctx, struct call *call, struct bytes method, const struct caller *caller,
                struct json_doc *doc, struct json_node *params)
{
    struct stage *stage = ctx;
    stage->started++;
    if (bytes_equal_text(method, "login")) {
        run_login(call, doc, params);
    } else if (bytes_equal_text(method, "later") || bytes_equal_text(method, "open.later")) {
        CHECK(stage->held_count < STAGE_HELD_MAX);
        stage->held[stage->held_count++] = call;
    } else if (bytes_equal_text(method, "fail")) {
        rpc_fail(call, RPC_REJECTED, "no", BYTES("\"reason\":\"spam\""));
    } else if (bytes_equal_text(method, "who")) {
        run_who(call, caller);
    } else if (bytes_equal_text(method, "quit")) {
        struct desk *desk = stage->desks[caller->connection >> 56];
        hub_close(desk, HUB_BY_LOGIN, bytes_of(caller->session_id), CONNECTION_NONE, CLOSE_REVOKED,
                  BYTES("bye"));
        rpc_answer(call, BYTES("{}"));
    } else {
        run_echo(call, doc, params);
    }
}

static void remember(struct stage *stage, const struct session *session, size_t count)
{
    stage->last_count = count;
    (void)snprintf(stage->last_user, sizeof(stage->last_user), "%s", session_user_id(session));
}

static void told_opened(void *ctx, struct session *session, size_t count)
{
    struct stage *stage = ctx;
    stage->opened++;
    remember(stage, session, count);
}

static void told_closed(void *ctx, struct session *session, size_t count)
{
    struct stage *stage = ctx;
    stage->closed++;
    remember(stage, session, count);
}

/* ---- the stage ---- */

struct stage *stage_new(bool rate_limits_on)
{
    clock_test_start(1700000000000);
    struct stage *stage = mem_alloc(sizeof(*stage));
    struct desk_limits limits = {rate_limits_on, 50, 200, 32};
    struct rpc_backend backend = {stage, knows, run};
    struct desk_events events = {stage, told_opened, told_closed};
    stage->hub = hub_new();
    for (unsigned i = 0; i < STAGE_DESKS; i++) {
        stage->loops[i] = loop_new();
        stage->desks[i] = desk_new(stage->hub, i, stage->loops[i], &limits, &backend, &events);
        desk_conn_events(stage->desks[i], &stage->events[i]);
    }
    return stage;
}

void stage_free(struct stage *stage)
{
    while (stage->held_count > 0) {
        stage_answer(stage, "null");
    }
    stage_settle(stage);
    for (unsigned i = 0; i < STAGE_DESKS; i++) {
        desk_free(stage->desks[i]);
    }
    for (unsigned i = 0; i < STAGE_DESKS; i++) {
        loop_free(stage->loops[i]);
    }
    hub_free(stage->hub);
    mem_free(stage);
    clock_test_stop();
}

void stage_settle(struct stage *stage)
{
    do {
        for (unsigned i = 0; i < STAGE_DESKS; i++) {
            loop_settle(stage->loops[i]);
        }
    } while (!loop_is_idle(stage->loops[0]));
}

void stage_answer(struct stage *stage, const char *result)
{
    CHECK(stage->held_count > 0);
    struct call *call = stage->held[0];
    stage->held_count--;
    memmove(stage->held, stage->held + 1, stage->held_count * sizeof(stage->held[0]));
    rpc_answer(call, bytes_of(result));
}

void stage_batch(char *text, size_t size, int count)
{
    size_t len = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < count; i++) {
        len += (size_t)snprintf(text + len, size - len,
                                "%s{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"later\"}",
                                i > 0 ? "," : "", i);
    }
    snprintf(text + len, size - len, "]");
}

/* ---- peers ---- */

static struct peer *peer_of(struct conn *conn)
{
    return LIST_ITEM(conn, struct peer, conn);
}

static void peer_sent(struct conn *conn, struct frame *frame)
{
    struct peer *peer = peer_of(conn);
    CHECK(!peer->is_closed && peer->close_code == 0);
    CHECK(peer->frames_count < PEER_FRAMES_MAX);
    struct bytes payload = frame_payload(frame);
    peer->frames[peer->frames_count++] = mem_copy_text(payload.data, payload.len);
}

static void peer_told_to_close(struct conn *conn, enum close_code code, struct bytes reason)
{
    struct peer *peer = peer_of(conn);
    CHECK(!peer->is_closed && peer->close_code == 0);
    peer->close_code = (int)code;
    (void)snprintf(peer->close_reason, sizeof(peer->close_reason), "%.*s", (int)reason.len,
                   reason.len > 0 ? reason.data : "");
}

static void peer_paused(struct conn *conn, bool paused)
{
    struct peer *peer = peer_of(conn);
    CHECK(peer->is_paused != paused);
    peer->is_paused = paused;
    peer->pauses += paused;
}

static const struct conn_ops peer_ops = {peer_sent, peer_told_to_close, peer_paused};

struct peer *peer_new(struct stage *stage, unsigned worker)
{
    struct peer *peer = mem_alloc(sizeof(*peer));
    peer->stage = stage;
    peer->conn.ops = &peer_ops;
    (void)snprintf(peer->conn.address, sizeof(peer->conn.address), "10.0.0.1");
    stage->events[worker].opened(stage->events[worker].ctx, &peer->conn);
    CHECK(peer->conn.user != NULL);
    return peer;
}

struct peer *peer_login(struct stage *stage, unsigned worker, const char *user, const char *login)
{
    struct peer *peer = peer_new(stage, worker);
    CHECK(session_bind(peer_session(peer), bytes_of(user), BYTES("phone"), bytes_of(login)) == 0);
    return peer;
}

void peer_say(struct peer *peer, const char *text)
{
    /* Exactly its bytes, so that a sanitizer sees a read past them. */
    size_t len = strlen(text);
    char *copy = mem_alloc(len);
    memcpy(copy, text, len);
    peer->stage->events[0].message(&peer->conn, (struct bytes){copy, len});
    mem_free(copy);
}

const char *peer_next(struct peer *peer)
{
    return peer->read < peer->frames_count ? peer->frames[peer->read++] : NULL;
}

struct session *peer_session(const struct peer *peer)
{
    return peer->conn.user;
}

void peer_hang_up(struct peer *peer)
{
    peer->is_closed = true;
    peer->stage->events[0].closed(&peer->conn);
}

void peer_free(struct peer *peer)
{
    if (!peer->is_closed) {
        peer_hang_up(peer);
    }
    for (size_t i = 0; i < peer->frames_count; i++) {
        mem_free(peer->frames[i]);
    }
    mem_free(peer);
}

struct frame *event_frame(const char *name, enum frame_class frame_class)
{
    struct frame *frame = frame_new(bytes_of(name), frame_class);
    CHECK(frame != NULL);
    return frame;
}
