/*
 * A cell is one plugin's code of one generation on one worker: a lua_State with
 * its own memory count, its own sandboxed libraries and a pool of coroutines.
 * Whatever the code inside does, the worker lives: memory is counted by the
 * allocator (soft limit: the running event is killed; hard limit: allocation
 * fails), CPU by a per-thread timer signal (lua/budget.h).
 */
#ifndef LUA_CELL_H
#define LUA_CELL_H

#include "host/base/bytes.h"

#include <lua.h>

struct cell;
struct loop;

#define CELL_MEMORY_SOFT (16U << 20)     /* default; the manifest may ask for another */
#define CELL_MEMORY_HARD_TIMES 4         /* the hard limit, in soft limits */
#define CELL_COROUTINES_MAX 1000         /* tasks and the plugin's own together */
#define CELL_COROUTINES_CEILING 65535    /* what coroutines_max may be set to */
#define CELL_CPU_MS_MAX 50               /* an event */
#define CELL_WALL_MS_MAX 5000            /* an event, waiting included */
#define CELL_SOURCE_BYTES_MAX (1U << 20) /* one file */

struct cell_options {
    const char *plugin; /* name, version: for messages; copied */
    const char *version;
    uint64_t generation;
    unsigned worker;
    size_t memory_soft; /* 0: the default above, and so on */
    uint32_t coroutines_max;
    uint32_t cpu_ms_max;
    uint32_t wall_ms_max;
    struct loop *loop; /* the worker's */
    void *owner;       /* for cell_owner */
};

/* NULL without memory. On the worker's thread, like everything here. */
struct cell *cell_new(const struct cell_options *options);
/* No task may be running inside; parked ones must have ended (task_cancel_all). */
void cell_free(struct cell *cell);

struct cell *cell_of(lua_State *L);
void *cell_owner(const struct cell *cell);
const char *cell_plugin(const struct cell *cell);
const char *cell_version(const struct cell *cell);
uint64_t cell_generation(const struct cell *cell);
unsigned cell_worker(const struct cell *cell);
struct loop *cell_loop(const struct cell *cell);
/* The main state, for wiring the environment before any plugin code runs; inside cell_protect only.
 */
lua_State *cell_state(struct cell *cell);

/*
 * Runs fn(L) with `arg` as a light userdata at index 1, protected, on the main
 * state, without a budget. Not for plugin code. 0, or ERR_PLUGIN or ERR_NOMEM
 * with the text in message (may be NULL).
 */
int cell_protect(struct cell *cell, lua_CFunction fn, void *arg, char *message,
                 size_t message_size);

/*
 * Makes the text source available to the plugin's `require(name)`; compiled at
 * once, text only. 0, or ERR_SYNTAX with "file:line: reason" in message, or
 * ERR_TOO_LARGE. The chunk name is the file name, so errors say "chat/init.lua:12:".
 * require runs a module once and gives its result again, and knows nothing else.
 */
int cell_add_module(struct cell *cell, const char *name, const char *file, struct bytes source,
                    char *message, size_t message_size);

struct cell_usage {
    size_t memory_bytes;
    size_t memory_peak;
    uint64_t cpu_ns;     /* all slices of all tasks */
    uint64_t tasks;      /* ended */
    uint64_t kills;      /* over a budget */
    uint32_t running;    /* tasks started and not ended */
    uint32_t coroutines; /* alive, pooled ones included */
};
void cell_usage(const struct cell *cell, struct cell_usage *usage);

#endif
