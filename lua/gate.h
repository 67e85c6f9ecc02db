/*
 * The one gate into Lua. Plugin code runs as a task: one event, one pooled
 * coroutine, one budget. A host function that must wait suspends the task,
 * and the author writes straight-line code.
 *
 *     task_run -> (plugin code) -> task_suspend ... task_resume -> (plugin code) -> done
 *
 * done is called exactly once for every task that was run.
 */
#ifndef LUA_GATE_H
#define LUA_GATE_H

#include "host/base/bytes.h"

#include <lua.h>

struct cell;
struct task;

struct task_end {
    int err; /* 0, ERR_PLUGIN (raised), ERR_BUDGET (CPU, memory), ERR_TIMEOUT (wall), ERR_CANCELLED,
                ERR_UNAVAILABLE (no coroutine free) */
    lua_State *L; /* on 0: the results are the top `results` values; else NULL */
    int results;
    const char *message; /* on an error: one line, "chat/init.lua:12: ..." */
    const char *trace;   /* a bounded traceback, one frame a line; "" if none */
};

/*
 * Reads the results of a task that ended with 0; it runs protected: whatever it
 * raises (no memory, a value that cannot be encoded) turns the end into
 * ERR_PLUGIN and is told to done instead. NULL when results do not matter.
 */
typedef void (*task_take)(struct task *task, lua_State *L, int results);
/* end is lent during the call. The task struct may be freed or run again inside. */
typedef void (*task_done)(struct task *task, const struct task_end *end);
/* Pushes the function and its arguments and returns the number of arguments; runs protected. */
typedef int (*task_push)(lua_State *L, void *arg);

/* Embed it in what the event is; zero it, set the first five, task_run. */
struct task {
    struct cell *cell;
    task_take take;
    task_done done;
    uint32_t cpu_ms_max;  /* 0: the cell's */
    uint32_t wall_ms_max; /* 0: the cell's */
    /* The gate's own. */
    lua_State *co;
    int co_ref;
    uint64_t ticket; /* changes with every wait, so a late answer finds nobody; 0: none yet */
    uint64_t cpu_ns;
    uint64_t ticked_ns; /* CPU the budget's ticks found it using */
    int64_t deadline_ms;
    int (*finish)(lua_State *L, void *result); /* of the wait */
    void (*discard)(void *result);
    void *result; /* what task_resume brought, until finish ran */
    struct task *prev;
    struct task *next;
    uint8_t state;
};

/*
 * Runs until the code ends (done was then called before this returns) or
 * first waits. arg is used during this call only.
 */
void task_run(struct task *task, task_push push, void *arg);

/* ---- for host functions that wait ---- */

struct ticket {
    struct cell *cell;
    struct task *task;
    uint64_t number;
};
/*
 * Pushes what the host function returns to the plugin and gives its count (or
 * raises). Runs inside the coroutine, protected, with the result task_resume brought.
 */
typedef int (*task_finish)(lua_State *L, void *result);
/* Releases a result after finish ran, or when nobody waits for it any more; may be NULL. */
typedef void (*task_discard)(void *result);

/*
 * Gives the ticket for the task that runs L, for the answer to come back with;
 * raises when the code can't wait here ("cannot wait inside table.sort" or
 * a synchronous event). Then the host function starts its work, and
 *     return task_suspend(L, finish, discard);
 */
struct ticket task_ticket(lua_State *L);
int task_suspend(lua_State *L, task_finish finish, task_discard discard);
/*
 * The answer: on the worker's thread, later than task_suspend, never from
 * inside plugin code of the same cell. A ticket nobody waits for any more
 * (killed, timed out, cell gone) only discards: the cell must still exist, or
 * its tickets must have been given up by the owner of the pending work.
 */
void task_resume(struct ticket ticket, void *result, task_discard discard);

/* ---- synchronous entry: no waits allowed ---- */

/* As task_run, but the code may not wait; returns the error as in task_end, and done is called. */
int task_run_now(struct task *task, task_push push, void *arg);

/* The task whose code runs L now; NULL during cell_protect. */
struct task *task_current(lua_State *L);
/* Ends a parked task with `err`; its done is called. */
void task_cancel(struct task *task, int err);
void task_cancel_all(struct cell *cell, int err);

/* Raises an error with the place of the plugin code that called the host function; does not return.
 */
int gate_error(lua_State *L, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
