/*
 * What the files of the runtime share: workers, generations, cells and
 * snapshots. Nothing outside lua/ includes it.
 *
 *     runtime ---- snapshot (immutable) ---- generation ---- plugin_cell (one a worker)
 *        \---- runtime_worker ---- slot (a plugin's name on a worker: what survives reloads)
 *
 * An event takes the snapshot once, when it is admitted, and carries it through
 * every hook and call it causes, so no chain mixes generations. A snapshot
 * counts its events on each worker; when it was replaced and the counts are
 * zero it is freed, and with it the cells of generations nobody else holds.
 */
#ifndef LUA_CORE_H
#define LUA_CORE_H

#include "host/base/buf.h"
#include "host/base/list.h"
#include "host/base/map.h"
#include "host/base/metric.h"
#include "host/base/schema.h"
#include "host/loop/loop.h"
#include "host/loop/timer.h"
#include "lua/api_crypto.h"
#include "lua/bundle.h"
#include "lua/cell.h"
#include "lua/gate.h"
#include "lua/runtime.h"
#include "lua/wiring.h"
#include "storage/db.h"

#include <stdatomic.h>

#define RUNTIME_PLUGINS_MAX 256
#define RUNTIME_CALL_DEPTH_MAX 8   /* plugin calls plugin */
#define RUNTIME_HOPS_MAX 32        /* bus and observer events that cause each other */
#define RUNTIME_DEFERRED_MAX 16384 /* bus and observer events waiting on a worker */
#define RUNTIME_METRICS_MAX 256    /* of a plugin's own */
#define RUNTIME_RESULT_BYTES_MAX (4U << 20)
#define RUNTIME_SAVED_BYTES_MAX (1U << 20)
#define RUNTIME_START_WALL_MS 10000
#define RUNTIME_START_CPU_MS 1000
#define RUNTIME_PROBE_WALL_MS 1000

/* Past so many failures in a window a plugin's methods answer `unavailable` for a while. */
#define BREAKER_FAILURES 20
#define BREAKER_WINDOW_MS 10000
#define BREAKER_OPEN_MS 5000

struct generation;
struct snapshot;

/* An entry of a generation, as the snapshot finds it. */
struct target {
    struct generation *generation;
    const struct entry *entry;
    size_t index; /* of the entry in the wiring, and of the handler in each cell */
};

struct generation {
    struct runtime *runtime;
    struct bundle *bundle;
    uint64_t number;
    struct db_owner *owner;
    struct wiring *wiring; /* the first cell's, once all workers have prepared */
    char *config_json;     /* the validated configuration, defaults filled in */
    struct plugin_cell *cells[HUB_WORKERS_MAX];
    uint32_t snapshots; /* that hold it; main thread */
    int64_t loaded_at_ms;
};

/* What a plugin's name owns on a worker across generations. */
struct slot {
    char *name;
    struct list timers; /* struct plugin_timer */
    uint32_t timers_count;
    struct map *follows; /* "topic\0key" */
    struct map *metrics; /* names of the plugin's own; one for all generations */
    uint32_t failures;
    int64_t failures_since_ms;
    int64_t open_until_ms;  /* the breaker */
    uint64_t cpu_ns_before; /* of cells that are gone */
    struct metric *calls;
    struct metric *errors;
    struct metric *memory;
    struct metric *cpu_us;
    struct metric *generation;
    struct metric *breaker;
};

struct plugin_cell {
    struct generation *generation;
    struct runtime_worker *worker;
    struct slot *slot;
    struct cell *cell;
    struct wiring *wiring; /* what start registers; given to the generation or thrown away */
    bool is_starting;      /* registrations are open */
    bool is_gone;          /* free it when nothing is pending any more */
    uint32_t pending;      /* host work that will come back to this cell */
    uint32_t events;       /* in flight, those that only wait for their turn included */
    uint32_t running;      /* of these, begun: what limits.calls counts */
    struct list node;      /* of the worker's cells */
    struct list naps;      /* lua/nap.c */
    struct buf saved;      /* packed; what the old generation's save() gave */
    bool has_saved;
    uint64_t cpu_ns_told; /* already in the slot's metrics */
    int64_t memory_told;
    struct crypto_env crypto;
};

struct event;
struct runtime_worker {
    struct runtime *runtime;
    unsigned index;
    struct loop *loop;
    struct desk *desk;
    struct snapshot *seen; /* the newest that this worker has admitted an event under */
    struct map *slots;
    struct list cells;     /* of all generations that are not gone */
    struct buf out;        /* the result of the event that just ended */
    struct buf packed;     /* scratch for arguments */
    struct json_doc empty; /* {} for calls without params */
    struct json_doc doc;   /* scratch */
    struct turn_hook hook;
    struct event *deferred_first;
    struct event *deferred_last;
    uint32_t deferred_count;
    uint32_t writes_waiting; /* that the writer was not woken for */
    int64_t dropped_log_ms;  /* the next line about dropped events is due */
    uint32_t events;         /* in flight */
    bool is_closing;
};

struct hook_list {
    struct target *hooks;
    size_t count;
};
struct point {
    struct hook_list stages[STAGES];
    size_t total;
};
struct topic {
    struct target *targets;
    size_t count;
};

struct snapshot {
    struct runtime *runtime;
    uint64_t number;
    struct generation **generations; /* sorted by plugin name */
    size_t generations_count;
    struct map *methods; /* struct target */
    struct map *exports; /* "plugin.name" */
    struct map *routes;  /* "GET /path"; a trailing "/" "*" is kept in `prefixes` */
    struct target *prefixes;
    size_t prefixes_count;
    struct map *commands;
    struct map *points; /* struct point */
    struct map *topics; /* struct topic */
    const struct target *bearer;
    const struct target *upgrade;
    struct target *targets; /* every entry of every generation, in order */
    size_t *first_target;   /* of each generation */
    size_t targets_count;
    uint32_t counts[HUB_WORKERS_MAX]; /* events; each worker touches its own */
    bool replaced[HUB_WORKERS_MAX];
    unsigned workers_done; /* main thread */
};

struct runtime {
    struct runtime_options options;
    struct loop *loop;
    _Atomic(struct snapshot *) current; /* NULL before the first flip */
    struct runtime_worker *workers[HUB_WORKERS_MAX];
    uint64_t generations_made;
    uint64_t snapshots_made;
    struct change *change_first; /* reloads waiting; the first is under way */
    struct change *change_last;
    struct text_list disabled;
    _Atomic bool rate_limits_on; /* the operator may change it while we serve */
    bool is_ending;          /* workers are gone: cells are closed at once, on the main thread */
    struct follows *follows; /* lua/bus.c: who follows which keys, over all workers */
};

/* ---- snapshot.c ---- */

/* Takes a generation out of a snapshot's hands: called when a snapshot is freed, and by whoever
 * threw a prepared one away. Frees it, and its cells on their workers, when no snapshot holds it.
 */
void generation_release(struct generation *generation);

/* Puts a snapshot together from generations; ERR_EXISTS or ERR_INVALID (a cycle of hook edges, two
 * plugins with one method, a hook on no point) with words. Main thread. */
int snapshot_new(struct snapshot **out, struct runtime *runtime, struct generation *const *list,
                 size_t count, char *message, size_t message_size);
void snapshot_free(struct snapshot *snapshot);
struct generation *snapshot_plugin(const struct snapshot *snapshot, struct bytes name);
/* The entry of a plugin; NULL when it has none of this kind and name. */
const struct target *snapshot_find(const struct snapshot *snapshot, struct bytes plugin,
                                   enum entry_kind kind, struct bytes name);
const struct target *snapshot_route(const struct snapshot *snapshot, const char *method,
                                    const char *path);

/* ---- worker.c ---- */

/* Main thread, by letter from a worker: it has no event left under this replaced snapshot. */
void snapshot_left(struct snapshot *snapshot);

/* By letter from the main thread: another snapshot is current; snapshot is what it replaced, or
 * NULL. */
void worker_snapshot_replaced(struct runtime_worker *worker, struct snapshot *snapshot);
void runtime_worker_free(struct runtime_worker *worker);
/* The snapshot to serve an event under, counted; NULL before the first flip. */
struct snapshot *worker_admit(struct runtime_worker *worker);
/* Counts an event in once more, or out. */
void worker_hold(struct runtime_worker *worker, struct snapshot *snapshot);
void worker_leave(struct runtime_worker *worker, struct snapshot *snapshot);
struct slot *worker_slot(struct runtime_worker *worker, const char *plugin);
/* One more batch for the writer, who is woken at the turn's end or when many wait. */
void worker_count_write(struct runtime_worker *worker);
struct plugin_cell *target_cell(const struct target *target, const struct runtime_worker *worker);

/* ---- plugin_cell.c ---- */

/* Builds the cell with its environment and sources; nothing of the plugin has run. */
int plugin_cell_new(struct plugin_cell **out, struct generation *generation,
                    struct runtime_worker *worker, char *message, size_t message_size);
/* Frees it now, or as soon as nothing is pending. */
void plugin_cell_retire(struct plugin_cell *cell);
struct plugin_cell *plugin_cell_of(lua_State *L);
/* Pushes the `mesh` table, and the handler of an entry. */
void plugin_cell_push_mesh(lua_State *L);
void plugin_cell_push_handler(lua_State *L, size_t index);
/* Pushes a function of the plugin's module ("save"), nil when it has none. */
void plugin_cell_push_module(lua_State *L, const char *name);
/* Takes the value on top as what init.lua returned. */
void plugin_cell_set_module(lua_State *L);
bool plugin_cell_has(struct plugin_cell *cell, const char *name);
/* Takes the value on top as the handler of the entry of this index. */
void plugin_cell_set_handler(lua_State *L, size_t index);
/* A wait of host work: counted, so that the cell outlives it. */
struct wait {
    struct ticket ticket;
    struct plugin_cell *cell;
};
struct wait wait_open(lua_State *L);
/* Brings the result home (task_resume) and counts it out. */
void wait_end(struct wait wait, void *result, task_discard discard);
/* Counts it out when the work never started: the host function raises or returns at once. */
void wait_drop(struct wait wait);

#endif
