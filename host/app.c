/*
 *     app_new:  folder -> keys -> database -> hub -> runtime -> workers -> plugins -> listening
 *     app_run:  main loop until a signal -> drain -> workers end -> everything in reverse
 */
#include "host/app.h"

#include "host/app_private.h"
#include "host/app_stats.h"
#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/control.h"
#include "host/crypto/keyring.h"
#include "host/dev_watch.h"
#include "host/loop/signals.h"
#include "host/loop/work.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_MAX 1024

static int open_storage(struct app *app, char *message, size_t message_size);
static void close_storage(struct app *app);
static void make_runtime(struct app *app);
static int start_workers(struct app *app);
static int start_plugins(struct app *app);
static void say_listening(const struct app *app);

/* ---- start ---- */

static int open_storage(struct app *app, char *message, size_t message_size)
{
    const struct config *config = app->config;
    struct db_options options = {
        .folder = config->data,
        .readers = (unsigned)config->db_readers,
    };
    int err = db_open(&app->db, &options, message, message_size);
    if (err) {
        return err;
    }
    err = keyring_open_folder(&app->keyring, config->data, message, message_size);
    if (err) {
        db_close(app->db);
        app->db = NULL;
    }
    return err;
}

static void close_storage(struct app *app)
{
    keyring_free(app->keyring);
    db_close(app->db);
}

static const char *plugin_config(void *ctx, const char *plugin)
{
    struct app *app = ctx;
    return config_plugin(app->config, plugin, &app->plugin_config);
}

void app_fill_limits(const struct config *config, struct runtime_limits *limits)
{
    *limits = (struct runtime_limits){
        .frame_bytes = config->frame_bytes_max,
        .json_depth = config->json_depth_max,
        .calls_in_flight = RPC_CALLS_IN_FLIGHT_MAX,
        .outbox_bytes = config->outbox_bytes_max,
        .text_bytes = config->text_bytes_max,
        .batch = RPC_BATCH_MAX,
        .media_bytes = config->media_bytes_max,
        .rate_limits_on = config->limits_on,
    };
}

static void make_runtime(struct app *app)
{
    const struct config *config = app->config;
    for (size_t i = 0; i < config->plugin_folders_count; i++) {
        app->plugin_folders[i] = config->plugin_folders[i];
    }
    struct runtime_options options = {
        .loop = app->loop,
        .hub = app->hub,
        .db = app->db,
        .pool = app->pool,
        .keyring = app->keyring,
        .workers = config->workers,
        .password_memory_mib = (unsigned)config->password_memory_mib,
        .password_passes = (unsigned)config->password_passes,
        .plugin_folders = app->plugin_folders,
        .plugin_folders_count = config->plugin_folders_count,
        .plugin_config = plugin_config,
        .ctx = app,
    };
    app_fill_limits(config, &options.limits);
    app->runtime = runtime_new(&options);
}

static int start_workers(struct app *app)
{
    for (unsigned w = 0; w < app->config->workers; w++) {
        app->workers[w] = app_worker_start(app, w);
    }
    int err = 0;
    for (unsigned w = 0; w < app->config->workers; w++) {
        int failed = app_worker_wait_open(app->workers[w]);
        err = err ? err : failed;
    }
    return err;
}

struct started {
    bool is_done;
    int err;
};

static void plugins_started(void *ctx, int err, const char *message)
{
    struct started *started = ctx;
    started->is_done = true;
    started->err = err;
    if (err) {
        fprintf(stderr, "chattermesh: the plugins can't start: %s\n", message);
    }
}

static int start_plugins(struct app *app)
{
    struct started started = {false, 0};
    runtime_start(app->runtime, plugins_started, &started);
    while (!started.is_done) {
        loop_turn(app->loop, -1);
    }
    return started.err;
}

static void say_listening(const struct app *app)
{
    const struct config *config = app->config;
    const char *scheme = config->tls_cert[0] ? "https" : "http";
    bool is_v6 = strchr(config->listen_address, ':') != NULL;
    printf("listening on %s://%s%s%s:%u\n", scheme, is_v6 ? "[" : "", config->listen_address,
           is_v6 ? "]" : "", (unsigned)app->port);
    fflush(stdout);
}

static int listen_all(struct app *app)
{
    int err = 0;
    for (unsigned w = 0; !err && w < app->config->workers; w++) {
        err = app_worker_listen(app->workers[w]);
    }
    if (err) {
        fprintf(stderr, "chattermesh: can't listen on %s port %u: %s\n",
                app->config->listen_address, (unsigned)app->port, err_text(err));
    }
    return err;
}

static int reserve_port(struct app *app)
{
    const struct config *config = app->config;
    int err =
        server_reserve(config->listen_address, config->listen_port, &app->reserved_fd, &app->port);
    if (err) {
        fprintf(stderr, "chattermesh: can't listen on %s port %u: %s%s\n", config->listen_address,
                (unsigned)config->listen_port, err_text(err),
                err == ERR_BUSY
                    ? "; choose another with --listen ADDR:PORT, port 0 takes a free one"
                    : "");
    }
    return err;
}

static void end_workers(struct app *app)
{
    for (unsigned w = 0; w < app->config->workers; w++) {
        if (app->workers[w]) {
            app_worker_end(app->workers[w]);
        }
    }
    runtime_free(app->runtime);
    for (unsigned w = 0; w < app->config->workers; w++) {
        app_worker_free(app->workers[w]);
    }
}

static void on_signal(void *ctx, int signal_number)
{
    struct app *app = ctx;
    if (signal_number == SIGHUP) {
        control_reread(app->control);
        return;
    }
    app_stop(app);
}

struct app *app_new(const struct config *config)
{
    char message[MESSAGE_MAX] = "";
    struct app *app = mem_alloc(sizeof(*app));
    app->config = config;
    app->reserved_fd = -1;
    app->started_ms = clock_steady_ms();
    buf_open(&app->plugin_config, CONFIG_PLUGIN_BYTES_MAX);
    int err = open_storage(app, message, sizeof(message));
    if (err) {
        fprintf(stderr, "chattermesh: %s\n", message);
        goto free_app;
    }
    if (reserve_port(app)) {
        goto close_storage;
    }
    app->loop = loop_new();
    app->hub = hub_new();
    app->pool = pool_new((unsigned)config->password_threads);
    app->reset_frame = frame_new(
        BYTES("{\"jsonrpc\":\"2.0\",\"method\":\"sync.reset\",\"params\":{}}"), FRAME_EVENT);
    make_runtime(app);
    if (start_workers(app) || start_plugins(app) || listen_all(app)) {
        goto end_workers;
    }
    err = control_new(&app->control, app, message, sizeof(message));
    if (err) {
        fprintf(stderr, "chattermesh: %s\n", message);
        goto end_workers;
    }
    if (config->dev) {
        app->dev_watch = dev_watch_new(app);
    }
    close(app->reserved_fd);
    app->signals =
        signals_new(app->loop, on_signal, app); /* before anybody is told that we serve */
    say_listening(app);
    return app;

end_workers:
    close(app->reserved_fd);
    end_workers(app);
    frame_release(app->reset_frame);
    pool_free(app->pool);
    hub_free(app->hub);
    loop_free(app->loop);
close_storage:
    close_storage(app);
free_app:
    buf_close(&app->plugin_config);
    mem_free(app);
    return NULL;
}

/* ---- run ---- */

void app_stop(struct app *app)
{
    if (!atomic_exchange(&app->is_draining, true)) {
        loop_stop(app->loop);
    }
}

/* Every worker finishes its calls and says goodbye; past the time they are ended all the same. */
static void drain(struct app *app)
{
    LOG(LOG_INFO, "app", "draining");
    for (unsigned w = 0; w < app->config->workers; w++) {
        app_worker_drain(app->workers[w]);
    }
    int64_t until = clock_steady_ms() + app->config->drain_s_max * 1000;
    for (unsigned w = 0; w < app->config->workers; w++) {
        while (!app_worker_is_drained(app->workers[w]) && clock_steady_ms() < until) {
            loop_turn(app->loop, 20);
        }
    }
}

int app_run(struct app *app)
{
    loop_run(app->loop);
    drain(app);
    signals_free(app->signals);
    return 0;
}

void app_free(struct app *app)
{
    if (app->dev_watch) {
        dev_watch_free(app->dev_watch);
    }
    control_free(app->control);
    end_workers(app);
    frame_release(app->reset_frame);
    pool_free(app->pool);
    hub_free(app->hub);
    loop_free(app->loop);
    close_storage(app);
    buf_close(&app->plugin_config);
    mem_free(app);
}

/* ---- what the control socket asks ---- */

struct loop *app_loop(struct app *app)
{
    return app->loop;
}
struct runtime *app_runtime(struct app *app)
{
    return app->runtime;
}
struct db *app_db(struct app *app)
{
    return app->db;
}
bool app_is_draining(const struct app *app)
{
    return atomic_load(&app->is_draining);
}
const struct config *app_config(const struct app *app)
{
    return app->config;
}
