/*
 * Two workers on threads of their own: each delivers to both, and both open and
 * replace sessions of the same login all the time. For the thread sanitizer
 * above all; the counts must come out exactly too.
 */
#include "host/base/check.h"
#include "host/base/list.h"
#include "host/base/mem.h"
#include "host/loop/timer.h"
#include "host/session/audience.h"
#include "host/session/session.h"
#include "tests/unit/unit.h"

#include <pthread.h>

enum { WORKERS = 2, TICKS = 1500 };

struct peer {
    struct conn conn;
    struct peer *next_closing;
    struct worker *worker;
    size_t frames;
    bool is_closing;
};

struct worker {
    struct hub *hub;
    struct loop *loop;
    struct desk *desk;
    struct conn_events events;
    struct audience *audience;
    pthread_t thread;
    struct timer tick;
    int ticks;
    struct peer stable;
    struct peer *closing;
    size_t opened; /* told by the desk */
    size_t closed;
};

static void sent(struct conn *conn, struct frame *frame)
{
    (void)frame;
    ((struct peer *)(void *)conn)->frames++;
}

/* The end of a connection is told a turn later. */
static void told_to_close(struct conn *conn, enum close_code code, struct bytes reason)
{
    (void)code;
    (void)reason;
    struct peer *peer = (struct peer *)(void *)conn;
    if (!peer->is_closing) {
        peer->is_closing = true;
        peer->next_closing = peer->worker->closing;
        peer->worker->closing = peer;
    }
}

static void told_to_pause(struct conn *conn, bool paused)
{
    (void)conn;
    (void)paused;
}

static const struct conn_ops ops = {sent, told_to_close, told_to_pause};

static bool knows(void *ctx, struct bytes method, bool *is_open)
{
    (void)ctx;
    (void)method;
    (void)is_open;
    return false;
}

static void count_opened(void *ctx, struct session *session, size_t count)
{
    (void)session;
    CHECK(count > 0);
    ((struct worker *)ctx)->opened++;
}

static void count_closed(void *ctx, struct session *session, size_t count)
{
    (void)session;
    (void)count;
    ((struct worker *)ctx)->closed++;
}

static void finish_closing(struct worker *worker)
{
    while (worker->closing != NULL) {
        struct peer *peer = worker->closing;
        worker->closing = peer->next_closing;
        worker->events.closed(&peer->conn);
        mem_free(peer);
    }
}

static void open_peer(struct worker *worker, struct peer *peer, const char *user, const char *login)
{
    peer->conn.ops = &ops;
    peer->worker = worker;
    worker->events.opened(worker->events.ctx, &peer->conn);
    CHECK(session_bind(peer->conn.user, bytes_of(user), BYTES("d"), bytes_of(login)) == 0);
}

static void deliver(struct worker *worker)
{
    struct frame *frame = frame_new(BYTES("{}"), FRAME_EVENT);
    struct delivery delivery = {.frame = frame};
    hub_deliver(worker->desk, worker->audience, &delivery);
    frame_release(frame);
}

static void tick_cb(struct timer *timer)
{
    struct worker *worker = LIST_ITEM(timer, struct worker, tick);
    finish_closing(worker);
    if (worker->ticks++ == TICKS) {
        loop_stop(worker->loop);
        return;
    }
    deliver(worker);
    struct hub_session found[4];
    (void)hub_sessions_of(worker->hub, BYTES("churn"), found, 4);
    open_peer(worker, mem_alloc(sizeof(struct peer)), "churn", "login");
    if (worker->ticks % 7 == 0) {
        hub_close(worker->desk, HUB_BY_USER, BYTES("churn"), CONNECTION_NONE, CLOSE_REVOKED,
                  BYTES("out"));
    } else if (worker->ticks % 5 == 0) {
        hub_close(worker->desk, HUB_BY_LOGIN, BYTES("login"), CONNECTION_NONE, CLOSE_REVOKED,
                  BYTES_NONE);
    }
    timer_start(timer, 0);
}

static void *work(void *ctx)
{
    struct worker *worker = ctx;
    timer_start(&worker->tick, 0);
    loop_run(worker->loop);
    return NULL;
}

static void start(struct worker *worker, struct hub *hub, unsigned index, struct audience *audience)
{
    static const char *const names[WORKERS] = {"ann", "bob"};
    struct desk_limits limits = {.rate_limits_on = false};
    struct rpc_backend backend = {.knows = knows};
    struct desk_events events = {worker, count_opened, count_closed};
    worker->hub = hub;
    worker->audience = audience;
    worker->loop = loop_new();
    worker->desk = desk_new(hub, index, worker->loop, &limits, &backend, &events);
    desk_conn_events(worker->desk, &worker->events);
    timer_open(&worker->tick, worker->loop, tick_cb);
    open_peer(worker, &worker->stable, names[index], names[index]);
}

TEST(hub, two_threads_lose_no_delivery_while_they_replace_each_others_sessions)
{
    static struct worker workers[WORKERS];
    struct bytes users[] = {BYTES("ann"), BYTES("bob"), BYTES("churn")};
    struct audience *audience = audience_new(users, 3);
    struct hub *hub = hub_new();
    for (unsigned i = 0; i < WORKERS; i++) {
        start(&workers[i], hub, i, audience);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    }
    hub_close(workers[0].desk, HUB_BY_LOGIN, BYTES("login"), CONNECTION_NONE, CLOSE_REVOKED,
              BYTES_NONE);
    for (unsigned turn = 0; turn < 4; turn++) {
        loop_settle(workers[turn % WORKERS].loop);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_int_equal(workers[i].stable.frames, WORKERS * TICKS);
        finish_closing(&workers[i]);
        workers[i].events.closed(&workers[i].stable.conn);
        assert_int_equal(desk_sessions(workers[i].desk), 0); /* no churned one is left behind */
        assert_int_equal(workers[i].opened, TICKS + 1);
        assert_int_equal(workers[i].closed, TICKS + 1);
    }
    assert_int_equal(hub_sessions_of(hub, BYTES("churn"), NULL, 0), 0);
    for (unsigned i = 0; i < WORKERS; i++) {
        desk_free(workers[i].desk);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        loop_free(workers[i].loop);
    }
    hub_free(hub);
    audience_release(audience);
}

TEST_MAIN
