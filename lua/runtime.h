/*
 * The plugin runtime as the host's main program sees it: workers bring their
 * desks, the runtime brings plugins; calls, HTTP requests and commands go in,
 * reloads are ordered from the main thread.
 */
#ifndef LUA_RUNTIME_H
#define LUA_RUNTIME_H

#include "host/net/conn.h"
#include "host/net/http.h"
#include "host/session/session.h"

struct runtime;
struct runtime_worker;
struct db;
struct pool;
struct keyring;

/* `limits` of session.open, and what else plugins learn of the configuration. */
struct runtime_limits {
    int64_t frame_bytes;
    int64_t json_depth;
    int64_t calls_in_flight;
    int64_t outbox_bytes;
    int64_t text_bytes;
    int64_t batch;
    int64_t media_bytes;
    bool rate_limits_on; /* serve --limits off */
};

struct runtime_options {
    struct loop *loop; /* the main thread's */
    struct hub *hub;
    struct db *db;
    struct pool *pool;
    struct keyring *keyring;
    unsigned workers;
    struct runtime_limits limits;
    unsigned password_memory_mib; /* Argon2id; 19 */
    unsigned password_passes;     /* 2 */
    /* Folders of plugin folders; a later one replaces an earlier one's and a built-in's plugin.
     * Lent. */
    const char *const *plugin_folders;
    size_t plugin_folders_count;
    /* The configuration of one plugin as JSON object text, or NULL; lent until the next call. */
    const char *(*plugin_config)(void *ctx, const char *plugin);
    void *ctx;
};

struct runtime *runtime_new(const struct runtime_options *options);
/* All workers are closed and their threads have ended. What was not finished ends now: a change
 * that waits is told ERR_UNAVAILABLE. */
void runtime_free(struct runtime *runtime);

/* On worker `index`'s thread, whose CPU budget is open (lua/budget.h), before runtime_start: takes
 * part in everything from now on. */
struct runtime_worker *runtime_worker_open(struct runtime *runtime, unsigned index,
                                           struct loop *loop);
void runtime_worker_set_desk(struct runtime_worker *worker, struct desk *desk);
/* The backend and events to make the worker's desk with. */
void runtime_worker_backend(struct runtime_worker *worker, struct rpc_backend *backend,
                            struct desk_events *events);
/* 0 or an HTTP status: asks the plugin that has `auth`. */
int runtime_worker_upgrade(struct runtime_worker *worker, const char *token, const char *address);
/* Routes of plugins, /rpc, /openrpc.json, /openapi.json; false: no such path, the request is
 * untouched. */
bool runtime_worker_http(struct runtime_worker *worker, struct http_request *request);
/* Events in flight. */
size_t runtime_worker_busy(const struct runtime_worker *worker);
/* Cancels what waits and closes the cells; done when the loop has turned. On the worker's thread.
 */
void runtime_worker_close(struct runtime_worker *worker);

/* ---- from the main thread ---- */

/* err 0, or the first failure with file, line and reason in message; lent during the call. */
typedef void (*runtime_done)(void *ctx, int err, const char *message);
/* Stages, migrates, prepares and flips all plugins found. Workers are open and their loops run. */
void runtime_start(struct runtime *runtime, runtime_done done, void *ctx);
bool runtime_is_ready(const struct runtime *runtime);
/* One at a time; more are queued. ERR_NOT_FOUND and so on come through done. */
void runtime_reload(struct runtime *runtime, const char *plugin, runtime_done done, void *ctx);
void runtime_disable(struct runtime *runtime, const char *plugin, runtime_done done, void *ctx);
void runtime_enable(struct runtime *runtime, const char *plugin, runtime_done done, void *ctx);
/* Whether the limits of plugins and methods count from now on. */
void runtime_set_rate_limits(struct runtime *runtime, bool on);
/* Other folders from now on, for changes that start later; lent. */
void runtime_set_folders(struct runtime *runtime, const char *const *folders, size_t count);
/* The plugin's folder on the disk, or NULL (built in, unknown); lent until its next reload. */
const char *runtime_plugin_folder(const struct runtime *runtime, const char *plugin);

/* Appends a JSON array of what is loaded: name, version, generation, source, state, methods... */
void runtime_list(const struct runtime *runtime, struct buf *out);
/* Runs a plugin's command ("user add") on worker 0; args is a JSON object. result is JSON text on
 * 0, else message says why. ERR_NOT_FOUND when no plugin has it. */
typedef void (*runtime_command_done)(void *ctx, int err, struct bytes result, const char *message);
void runtime_command(struct runtime *runtime, struct bytes name, struct bytes args,
                     runtime_command_done done, void *ctx);
/* Appends a JSON array of the plugins' commands: {"name", "plugin", "about": the options that it
 * was registered with: summary, args}. Main thread. */
void runtime_commands(const struct runtime *runtime, struct buf *out);
/* Updates the gauges of plugins and cells before /metrics is written. Any thread. */
void runtime_metrics(struct runtime *runtime);

#endif
