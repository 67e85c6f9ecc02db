/*
 * One worker's thread from its start to its end.
 *
 *     opening -> open -> (listen) -> serving -> draining -> drained -> ended
 *
 * The main thread asks by letters and waits on a condition for the answer.
 */
#include "host/app_private.h"
#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/loop/timer.h"
#include "lua/budget.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define DRAIN_LOOK_MS 20 /* how often a draining worker looks whether it is done */

struct app_worker {
    struct app *app;
    unsigned index;
    pthread_t thread;
    struct loop *loop;
    struct desk *desk;
    struct runtime_worker *runtime;
    struct server *server;
    struct conn_events desk_events; /* behind ours, which know the upgrade */
    struct timer drain_timer;
    _Atomic bool is_drained;
    bool is_ending;
    bool is_server_gone;
    struct desk_limits limits;
    /* The main thread waits for `answered`. */
    pthread_mutex_t lock;
    pthread_cond_t answered;
    bool has_answer;
    int answer;
};

static void answer(struct app_worker *worker, int err)
{
    pthread_mutex_lock(&worker->lock);
    worker->has_answer = true;
    worker->answer = err;
    pthread_cond_signal(&worker->answered);
    pthread_mutex_unlock(&worker->lock);
}

static int wait_answer(struct app_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    while (!worker->has_answer) {
        pthread_cond_wait(&worker->answered, &worker->lock);
    }
    worker->has_answer = false;
    int err = worker->answer;
    pthread_mutex_unlock(&worker->lock);
    return err;
}

/* ---- open ---- */

static int on_upgrade(void *ctx, const char *token, const char *address)
{
    struct app_worker *worker = ctx;
    if (app_is_draining(worker->app)) {
        return 503;
    }
    return runtime_worker_upgrade(worker->runtime, token, address);
}

static void on_opened(void *ctx, struct conn *conn)
{
    struct app_worker *worker = ctx;
    worker->desk_events.opened(worker->desk_events.ctx, conn);
}

static void on_request(void *ctx, struct http_request *request)
{
    struct app_worker *worker = ctx;
    app_http_request(worker->app, worker->runtime, request);
}

void app_fill_desk_limits(const struct config *config, struct desk_limits *limits)
{
    *limits = (struct desk_limits){
        .rate_limits_on = config->limits_on,
        .calls_per_s = config->calls_per_s,
        .calls_burst = config->calls_burst,
        .json_depth_max = (uint32_t)config->json_depth_max,
    };
}

static void worker_open(struct app_worker *worker)
{
    struct rpc_backend backend;
    struct desk_events events;
    CHECK(budget_thread_open() == 0);
    worker->runtime = runtime_worker_open(worker->app->runtime, worker->index, worker->loop);
    runtime_worker_backend(worker->runtime, &backend, &events);
    app_fill_desk_limits(worker->app->config, &worker->limits);
    worker->desk =
        desk_new(worker->app->hub, worker->index, worker->loop, &worker->limits, &backend, &events);
    runtime_worker_set_desk(worker->runtime, worker->desk);
    answer(worker, 0);
}

static void *worker_thread(void *arg)
{
    struct app_worker *worker = arg;
    worker_open(worker);
    loop_run(worker->loop);
    budget_thread_close();
    return NULL;
}

struct app_worker *app_worker_start(struct app *app, unsigned index)
{
    struct app_worker *worker = mem_alloc(sizeof(*worker));
    worker->app = app;
    worker->index = index;
    worker->loop = loop_new();
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->answered, NULL);
    CHECK(pthread_create(&worker->thread, NULL, worker_thread, worker) == 0);
    char name[16];
    snprintf(name, sizeof(name), "worker-%u", index);
    pthread_setname_np(worker->thread, name);
    return worker;
}

int app_worker_wait_open(struct app_worker *worker)
{
    return wait_answer(worker);
}

/* ---- asking a worker ---- */

struct request {
    struct letter letter;
    struct app_worker *worker;
    void (*run)(struct app_worker *worker);
};

static void request_deliver(struct letter *letter)
{
    struct request *request = (struct request *)(void *)letter;
    struct app_worker *worker = request->worker;
    void (*run)(struct app_worker *) = request->run;
    mem_free(request);
    run(worker);
}

static void ask(struct app_worker *worker, void (*run)(struct app_worker *worker))
{
    struct request *request = mem_alloc(sizeof(*request));
    request->letter.deliver = request_deliver;
    request->worker = worker;
    request->run = run;
    loop_post_answer(worker->loop, &request->letter);
}

static void run_listen(struct app_worker *worker)
{
    const struct config *config = worker->app->config;
    struct server_options options = {
        .address = config->listen_address,
        .port = worker->app->port,
        .tls_cert_path = config->tls_cert[0] ? config->tls_cert : NULL,
        .tls_key_path = config->tls_key[0] ? config->tls_key : NULL,
        .message_bytes_max = (size_t)config->frame_bytes_max,
        .outbox_bytes_max = (size_t)config->outbox_bytes_max,
        .connections_max = (uint32_t)(config->connections_max / config->workers),
        .ping_idle_s = (uint32_t)config->ping_idle_s,
        .silence_s_max = (uint32_t)config->silence_s_max,
        .slow_s_max = (uint32_t)config->slow_s_max,
        .compress = config->compress,
        .reset_frame = worker->app->reset_frame,
    };
    desk_conn_events(worker->desk, &worker->desk_events);
    options.conn = worker->desk_events;
    options.conn.ctx = worker;
    options.conn.upgrade = on_upgrade;
    options.conn.opened = on_opened;
    options.http.ctx = worker;
    options.http.request = on_request;
    answer(worker, server_new(&worker->server, worker->loop, &options));
}

int app_worker_listen(struct app_worker *worker)
{
    ask(worker, run_listen);
    return wait_answer(worker);
}

static void run_limits(struct app_worker *worker)
{
    desk_set_limits(worker->desk, &worker->limits);
    answer(worker, 0);
}

void app_worker_set_limits(struct app_worker *worker, const struct desk_limits *limits)
{
    worker->limits = *limits;
    ask(worker, run_limits);
    wait_answer(worker);
}

/* ---- drain ---- */

/* First the running calls are answered, then the connections are closed, then it is done. */
static void drain_look(struct timer *timer)
{
    struct app_worker *worker =
        (struct app_worker *)(void *)((char *)timer - offsetof(struct app_worker, drain_timer));
    if (desk_calls_in_flight(worker->desk) == 0 && !worker->is_ending) {
        worker->is_ending = true;
        server_drain(worker->server, (uint32_t)worker->app->config->reconnect_spread_ms);
    }
    if (worker->is_ending && server_connections(worker->server) == 0) {
        atomic_store(&worker->is_drained, true);
        return;
    }
    timer_start(timer, DRAIN_LOOK_MS);
}

static void run_drain(struct app_worker *worker)
{
    server_stop_accepting(worker->server);
    desk_drain(worker->desk);
    timer_open(&worker->drain_timer, worker->loop, drain_look);
    timer_start(&worker->drain_timer, 0);
}

void app_worker_drain(struct app_worker *worker)
{
    ask(worker, run_drain);
}

bool app_worker_is_drained(const struct app_worker *worker)
{
    return atomic_load(&worker->is_drained);
}

/* ---- end ---- */

static void end_look(struct timer *timer);

static void server_is_gone(void *ctx)
{
    struct app_worker *worker = ctx;
    worker->is_server_gone = true;
}

static void run_end(struct app_worker *worker)
{
    if (worker->drain_timer.loop) {
        timer_stop(&worker->drain_timer);
    }
    runtime_worker_close(worker->runtime);
    worker->is_server_gone = worker->server == NULL;
    if (worker->server) {
        server_free(worker->server, server_is_gone, worker);
    }
    timer_open(&worker->drain_timer, worker->loop, end_look);
    timer_start(&worker->drain_timer, 0);
}

/* Until the server is gone and nothing waits for storage any more. */
static void end_look(struct timer *timer)
{
    struct app_worker *worker =
        (struct app_worker *)(void *)((char *)timer - offsetof(struct app_worker, drain_timer));
    if (worker->is_server_gone && runtime_worker_busy(worker->runtime) == 0 &&
        desk_calls_in_flight(worker->desk) == 0) {
        loop_stop(worker->loop);
        return;
    }
    timer_start(timer, DRAIN_LOOK_MS);
}

void app_worker_end(struct app_worker *worker)
{
    ask(worker, run_end);
    pthread_join(worker->thread, NULL);
}

void app_worker_free(struct app_worker *worker)
{
    desk_free(worker->desk);
    loop_free(worker->loop);
    pthread_mutex_destroy(&worker->lock);
    pthread_cond_destroy(&worker->answered);
    mem_free(worker);
}
