#include "tests/harness/sim.h"

#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/crypto/keyring.h"
#include "host/loop/timer.h"
#include "host/loop/work.h"
#include "host/session/session.h"
#include "lua/budget.h"
#include "lua/runtime.h"
#include "storage/db.h"

#include <stdio.h>
#include <string.h>

#define CLOSED_ABNORMALLY 1006
#define FOLDERS_MAX 16
#define WAIT_MS 1

struct sim_frame {
    struct sim_frame *next;
    struct frame *frame;
};

struct sim_conn {
    struct conn conn;
    struct sim_conn *next;
    struct sim_worker *worker;
    struct sim_frame *first;
    struct sim_frame *last;
    struct frame *taken;
    int close_code;
    char reason[CONN_REASON_MAX];
    size_t reason_len;
    bool is_told; /* closed was reported */
};

struct sim_worker {
    struct loop *loop;
    struct desk *desk;
    struct runtime_worker *runtime;
    struct conn_events events;
};

struct sim {
    struct loop *loop;
    struct db *db;
    struct keyring *keyring;
    struct pool *pool;
    struct hub *hub;
    struct runtime *runtime;
    unsigned workers_count;
    struct sim_worker workers[SIM_WORKERS_MAX];
    struct sim_conn *conns;
    char *folders[FOLDERS_MAX];
    size_t folders_count;
};

/* ---- connections without sockets ---- */

static struct sim_conn *sim_of(struct conn *conn)
{
    return (struct sim_conn *)(void *)conn;
}

static void sim_conn_send(struct conn *conn, struct frame *frame)
{
    struct sim_conn *sim = sim_of(conn);
    if (sim->close_code) {
        return;
    }
    struct sim_frame *item = mem_alloc(sizeof(*item));
    item->frame = frame_share(frame);
    if (sim->last) {
        sim->last->next = item;
    } else {
        sim->first = item;
    }
    sim->last = item;
}

static void sim_conn_close(struct conn *conn, enum close_code code, struct bytes reason)
{
    struct sim_conn *sim = sim_of(conn);
    if (sim->close_code) {
        return;
    }
    sim->close_code = (int)code;
    sim->reason_len = reason.len < CONN_REASON_MAX ? reason.len : CONN_REASON_MAX;
    if (sim->reason_len) {
        memcpy(sim->reason, reason.data, sim->reason_len);
    }
}

static void sim_conn_pause(struct conn *conn, bool paused)
{
    (void)conn;
    (void)paused; /* a simulated client sends only between turns */
}

static const struct conn_ops sim_ops = {sim_conn_send, sim_conn_close, sim_conn_pause};

struct sim_conn *sim_connect(struct sim *sim, unsigned index, const char *token, int *status)
{
    struct sim_worker *worker = &sim->workers[index % sim->workers_count];
    *status = runtime_worker_upgrade(worker->runtime, token, "127.0.0.1");
    if (*status) {
        return NULL;
    }
    struct sim_conn *conn = mem_alloc(sizeof(*conn));
    conn->conn.ops = &sim_ops;
    conn->conn.is_loopback = true;
    snprintf(conn->conn.address, sizeof(conn->conn.address), "127.0.0.1");
    conn->conn.token = token ? mem_copy_text(token, strlen(token)) : NULL;
    conn->worker = worker;
    conn->next = sim->conns;
    sim->conns = conn;
    worker->events.opened(worker->events.ctx, &conn->conn);
    sim_settle(sim);
    return conn;
}

void sim_post(struct sim *sim, struct sim_conn *conn, struct bytes text)
{
    (void)sim;
    if (!conn->close_code) {
        conn->worker->events.message(&conn->conn, text);
    }
}

void sim_send(struct sim *sim, struct sim_conn *conn, struct bytes text)
{
    sim_post(sim, conn, text);
    sim_settle(sim);
}

/* Tells the desk of connections that ended, outside any of its calls. */
static bool tell_closed(struct sim *sim)
{
    bool any = false;
    for (struct sim_conn *conn = sim->conns; conn; conn = conn->next) {
        if (conn->close_code && !conn->is_told) {
            conn->is_told = true;
            any = true;
            conn->worker->events.closed(&conn->conn);
        }
    }
    return any;
}

void sim_cut(struct sim *sim, struct sim_conn *conn)
{
    (void)sim;
    if (!conn->close_code) {
        conn->close_code = CLOSED_ABNORMALLY;
    }
}

void sim_drop(struct sim *sim, struct sim_conn *conn)
{
    sim_cut(sim, conn);
    sim_settle(sim);
}

bool sim_take(struct sim_conn *conn, struct bytes *payload)
{
    if (conn->taken) {
        frame_release(conn->taken);
        conn->taken = NULL;
    }
    struct sim_frame *item = conn->first;
    if (!item) {
        return false;
    }
    conn->first = item->next;
    if (!conn->first) {
        conn->last = NULL;
    }
    conn->taken = item->frame;
    mem_free(item);
    *payload = frame_payload(conn->taken);
    return true;
}

int sim_close_code(const struct sim_conn *conn, struct bytes *reason)
{
    *reason = (struct bytes){conn->reason, conn->reason_len};
    return conn->close_code;
}

static void sim_conn_free(struct sim_conn *conn)
{
    struct bytes payload;
    while (sim_take(conn, &payload)) {
    }
    mem_free(conn->conn.token);
    mem_free(conn);
}

/* ---- time ---- */

static struct loop *loop_at(struct sim *sim, unsigned index)
{
    return index == sim->workers_count ? sim->loop : sim->workers[index].loop;
}

void sim_turn(struct sim *sim)
{
    tell_closed(sim);
    for (unsigned i = 0; i <= sim->workers_count; i++) {
        loop_turn(loop_at(sim, i), 0);
    }
}

void sim_settle(struct sim *sim)
{
    for (bool busy = true; busy;) {
        busy = tell_closed(sim);
        bool waits = false;
        for (unsigned i = 0; i <= sim->workers_count; i++) {
            loop_turn(loop_at(sim, i), 0);
        }
        for (unsigned i = 0; i <= sim->workers_count; i++) {
            waits = waits || !loop_is_idle(loop_at(sim, i));
        }
        for (unsigned i = 0; waits && i <= sim->workers_count; i++) {
            if (!loop_is_idle(loop_at(sim, i))) {
                loop_turn(loop_at(sim, i), WAIT_MS); /* the pool or storage holds it */
            }
        }
        busy = busy || waits;
    }
}

void sim_advance(struct sim *sim, int64_t ms)
{
    sim_settle(sim);
    while (ms > 0) {
        int64_t step = ms;
        for (unsigned i = 0; i <= sim->workers_count; i++) {
            int64_t next = timer_next_ms(loop_at(sim, i));
            step = next > 0 && next < step ? next : step;
        }
        clock_test_advance(step);
        ms -= step;
        sim_settle(sim);
    }
}

/* ---- life ---- */

struct outcome {
    bool is_done;
    int err;
    char *message;
    size_t message_size;
};

static void change_done(void *ctx, int err, const char *message)
{
    struct outcome *outcome = ctx;
    outcome->is_done = true;
    outcome->err = err;
    snprintf(outcome->message, outcome->message_size, "%s", message);
}

static int await(struct sim *sim, struct outcome *outcome)
{
    while (!outcome->is_done) {
        sim_settle(sim);
    }
    sim_settle(sim);
    return outcome->err;
}

int sim_reload(struct sim *sim, const char *plugin, const char *folder, char *message,
               size_t message_size)
{
    struct outcome outcome = {.message = message, .message_size = message_size};
    if (folder) {
        CHECK(sim->folders_count < FOLDERS_MAX);
        sim->folders[sim->folders_count++] = mem_copy_text(folder, strlen(folder));
        runtime_set_folders(sim->runtime, (const char *const *)sim->folders, sim->folders_count);
    }
    runtime_reload(sim->runtime, plugin, change_done, &outcome);
    return await(sim, &outcome);
}

struct command_outcome {
    bool is_done;
    int err;
    struct buf *out;
};

static void command_done(void *ctx, int err, struct bytes result, const char *message)
{
    struct command_outcome *outcome = ctx;
    outcome->is_done = true;
    outcome->err = err;
    buf_append(outcome->out, err ? bytes_of(message) : result);
}

int sim_command(struct sim *sim, const char *name, struct bytes args, struct buf *out)
{
    struct command_outcome outcome = {.out = out};
    runtime_command(sim->runtime, bytes_of(name), args, command_done, &outcome);
    while (!outcome.is_done) {
        sim_settle(sim);
    }
    sim_settle(sim);
    return outcome.err;
}

static void open_worker(struct sim *sim, unsigned index, bool limits_on)
{
    struct sim_worker *worker = &sim->workers[index];
    struct rpc_backend backend;
    struct desk_events events;
    struct desk_limits limits = {limits_on, 50, 200, 32};
    worker->loop = loop_new();
    worker->runtime = runtime_worker_open(sim->runtime, index, worker->loop);
    runtime_worker_backend(worker->runtime, &backend, &events);
    worker->desk = desk_new(sim->hub, index, worker->loop, &limits, &backend, &events);
    runtime_worker_set_desk(worker->runtime, worker->desk);
    desk_conn_events(worker->desk, &worker->events);
}

static void open_runtime(struct sim *sim, const struct sim_options *options)
{
    for (size_t i = 0; i < options->plugin_folders_count && i < FOLDERS_MAX; i++) {
        const char *folder = options->plugin_folders[i];
        sim->folders[sim->folders_count++] = mem_copy_text(folder, strlen(folder));
    }
    struct runtime_options runtime = {
        .loop = sim->loop,
        .hub = sim->hub,
        .db = sim->db,
        .pool = sim->pool,
        .keyring = sim->keyring,
        .workers = sim->workers_count,
        .limits = {262144, 32, 64, 1048576, 16384, 64, 1 << 30, options->limits_on},
        .password_memory_mib = 1, /* tests need no strong hashes */
        .password_passes = 1,
        .plugin_folders = (const char *const *)sim->folders,
        .plugin_folders_count = sim->folders_count,
    };
    sim->runtime = runtime_new(&runtime);
    CHECK(budget_thread_open() == 0);
    for (unsigned w = 0; w < sim->workers_count; w++) {
        open_worker(sim, w, options->limits_on);
    }
}

struct sim *sim_new(const struct sim_options *options, char *message, size_t message_size)
{
    struct sim *sim = mem_alloc(sizeof(*sim));
    struct db_options db = {.folder = options->data, .readers = 1, .threadless = true};
    CHECK(options->workers >= 1 && options->workers <= SIM_WORKERS_MAX);
    sim->workers_count = options->workers;
    clock_test_start(SIM_START_MS);
    if (db_open(&sim->db, &db, message, message_size)) {
        mem_free(sim);
        return NULL;
    }
    sim->keyring = keyring_new_random();
    sim->loop = loop_new();
    sim->hub = hub_new();
    sim->pool = pool_new(1);
    open_runtime(sim, options);
    struct outcome outcome = {.message = message, .message_size = message_size};
    runtime_start(sim->runtime, change_done, &outcome);
    if (await(sim, &outcome)) {
        sim_free(sim);
        return NULL;
    }
    return sim;
}

void sim_free(struct sim *sim)
{
    for (struct sim_conn *conn = sim->conns; conn; conn = conn->next) {
        conn->close_code = conn->close_code ? conn->close_code : CLOSE_GOING_AWAY;
    }
    sim_settle(sim);
    for (unsigned w = 0; w < sim->workers_count; w++) {
        runtime_worker_close(sim->workers[w].runtime);
    }
    sim_settle(sim);
    runtime_free(sim->runtime);
    for (unsigned w = 0; w < sim->workers_count; w++) {
        desk_free(sim->workers[w].desk);
        loop_free(sim->workers[w].loop);
    }
    budget_thread_close();
    pool_free(sim->pool);
    loop_free(sim->loop);
    hub_free(sim->hub);
    keyring_free(sim->keyring);
    db_close(sim->db);
    while (sim->conns) {
        struct sim_conn *next = sim->conns->next;
        sim_conn_free(sim->conns);
        sim->conns = next;
    }
    for (size_t i = 0; i < sim->folders_count; i++) {
        mem_free(sim->folders[i]);
    }
    mem_free(sim);
    clock_test_stop();
}
