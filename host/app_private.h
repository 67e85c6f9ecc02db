/* What app.c, app_worker.c and app_http.c share. */
#ifndef HOST_APP_PRIVATE_H
#define HOST_APP_PRIVATE_H

#include "host/app.h"
#include "host/net/server.h"
#include "host/session/session.h"
#include "lua/runtime.h"
#include "storage/db.h"

#include <stdatomic.h>

struct app_worker;

struct app {
    const struct config *config;
    struct loop *loop;
    struct db *db;
    struct keyring *keyring;
    struct pool *pool;
    struct hub *hub;
    struct runtime *runtime;
    struct frame *reset_frame;
    struct app_worker *workers[HUB_WORKERS_MAX];
    struct control *control;
    struct dev_watch *dev_watch;
    struct signals *signals;
    const char *plugin_folders[CONFIG_PLUGIN_FOLDERS_MAX];
    struct buf plugin_config;
    int reserved_fd;
    uint16_t port;
    int64_t started_ms;
    _Atomic bool is_draining;
};

/* Starts the worker's thread: loop, budget timer, runtime worker, desk. Never NULL. */
struct app_worker *app_worker_start(struct app *app, unsigned index);
/* Waits until it has opened; 0 or why not. */
int app_worker_wait_open(struct app_worker *worker);
/* Makes its server listen; waits; 0 or why not. */
int app_worker_listen(struct app_worker *worker);
/* Stops accepting, refuses new calls, answers the running ones, then closes 1001. */
void app_worker_drain(struct app_worker *worker);
bool app_worker_is_drained(const struct app_worker *worker);
/* Closes what is left and joins the thread. */
void app_worker_end(struct app_worker *worker);
/* After the runtime is gone. */
void app_worker_free(struct app_worker *worker);
/* Other limits from now on. */
void app_worker_set_limits(struct app_worker *worker, const struct desk_limits *limits);

void app_fill_limits(const struct config *config, struct runtime_limits *limits);
void app_fill_desk_limits(const struct config *config, struct desk_limits *limits);

/* Answers a request: probes, metrics, the web client, and what the runtime serves. */
void app_http_request(struct app *app, struct runtime_worker *worker, struct http_request *request);

#endif
