/*
 * Coroutines come from a pool and start in entry(): a C function that pushes
 * the plugin's function and calls it protected, so that `__close` runs and the
 * frames of an error can still be read. A coroutine that ended well goes back
 * to the pool; any other is dropped, never reset.
 */
#include "lua/gate.h"

#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "lua/cell_private.h"

#include <stdio.h>
#include <string.h>

#define NS_PER_MS 1000000U

struct start {
    struct task *task;
    task_push push;
    void *arg;
};

/* ---- coroutines ---- */

static int make_coroutine(lua_State *L)
{
    struct pooled *made = lua_touserdata(L, 1);
    made->co = lua_newthread(L);
    made->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static bool take_coroutine(struct cell *cell, struct task *task)
{
    struct pooled taken;
    if (cell->pool_count > 0) {
        taken = cell->pool[--cell->pool_count];
    } else {
        if (cell->task_coroutines + cell->own_coroutines >= cell->coroutines_max ||
            cell_protect(cell, make_coroutine, &taken, NULL, 0)) {
            return false;
        }
        cell->task_coroutines++;
    }
    task->co = taken.co;
    task->co_ref = taken.ref;
    return true;
}

static void drop_coroutine(struct cell *cell, int ref)
{
    luaL_unref(cell->L, LUA_REGISTRYINDEX, ref);
    cell->task_coroutines--;
}

static void reuse_coroutine(struct cell *cell, lua_State *co, int ref)
{
    lua_settop(co, 0);
    if (cell->pool_count == CELL_POOL_MAX) {
        drop_coroutine(cell, ref);
        return;
    }
    if (lua_gethookmask(co)) {
        lua_sethook(co, NULL, 0, 0);
    }
    cell->pool[cell->pool_count++] = (struct pooled){co, ref};
}

/* ---- slices ---- */

static void run_begin(struct run *run, struct task *task)
{
    struct cell *cell = task->cell;
    run->cell = cell;
    run->task = task;
    run->L = task->co;
    run->killing = KILL_NONE;
    run->memory_due = 0;
    run->limit_ns = (uint64_t)(task->cpu_ms_max ? task->cpu_ms_max : cell->cpu_ms_max) * NS_PER_MS;
    run->ticked_ns = task->ticked_ns;
    run->may_wait = true;
    run->now = false;
    run->suspended = false;
    run->killed_in = NULL;
    run->trace_open = false;
    run->trace_len = 0;
    run->result = NULL;
    run->discard = NULL;
    run->message[0] = run->trace[0] = '\0';
    run->cell_parent = cell->run;
    cell->run = run;
    cell->inside++;
    task->state = TASK_RUNNING;
    run->began_ns = clock_precise_ns();
    budget_enter(run);
}

static void run_end(struct run *run)
{
    struct cell *cell = run->cell;
    budget_leave(run);
    cell->run = run->cell_parent;
    uint64_t used = clock_precise_ns() - run->began_ns;
    run->task->cpu_ns += used;
    run->task->ticked_ns = run->ticked_ns;
    cell->cpu_ns += used;
    if (run->memory_due && !run->killing) {
        lua_gc(cell->L, LUA_GCCOLLECT); /* what no instruction came to do */
    }
}

/* Tells the end; results of a good one are lent on co meanwhile. */
static void end_task(struct task *task, const struct task_end *end)
{
    struct cell *cell = task->cell;
    lua_State *co = task->co;
    int ref = task->co_ref;
    park_drop_ticket(task);
    task->co = NULL;
    task->state = TASK_IDLE;
    cell->tasks++;
    cell->kills += end->err == ERR_BUDGET || end->err == ERR_TIMEOUT;
    cell->running--;
    task->done(task, end);
    if (end->err == 0) {
        reuse_coroutine(cell, co, ref);
    } else {
        drop_coroutine(cell, ref);
    }
}

static int end_run(struct run *run, int status, int results)
{
    struct task *task = run->task;
    lua_State *co = task->co;
    struct task_end end = {0};
    if (status == LUA_OK) {
        end.L = co;
        end.results = results;
    } else {
        end.err = ERR_PLUGIN;
        if (status == LUA_ERRMEM && !run->killing) {
            run->killing = KILL_MEMORY;
        }
        if (run->killing) {
            end.err = ERR_BUDGET;
            budget_describe(run, co);
        } else {
            traceback_message(co, -1, run->message, sizeof(run->message));
        }
    }
    end.message = end.err ? run->message : NULL;
    end.trace = end.err ? run->trace : "";
    int err = end.err; /* the task may be gone afterwards */
    end_task(task, &end);
    return err;
}

/* Resumes the task's coroutine and deals with how it comes back; run_begin was called. */
static int slice(struct run *run, int arguments)
{
    struct task *task = run->task;
    struct cell *cell = run->cell;
    lua_State *from = run->cell_parent != NULL ? run->cell_parent->L : NULL;
    int results = 0;
    int status = lua_resume(task->co, from, arguments, &results);
    run_end(run);
    if (run->result != NULL && run->discard != NULL) { /* finish raised, or never ran */
        run->discard(run->result);
    }
    int err = 0;
    if (status == LUA_YIELD) {
        CHECK(run->suspended);
        park_enter(task);
    } else {
        err = end_run(run, status, results);
    }
    cell->inside--;
    return err;
}

/* ---- running ---- */

static int entry_ended(lua_State *L, int status, lua_KContext context)
{
    (void)context;
    if (status != LUA_OK && status != LUA_YIELD) {
        return lua_error(L);
    }
    struct run *run = strand_cell(L)->run;
    int results = lua_gettop(L) - 1; /* below them: the message handler */
    if (run->task->take != NULL) {
        run->may_wait = false;
        run->task->take(run->task, L, results);
        lua_settop(L, results + 1);
    }
    return results;
}

static int entry(lua_State *L)
{
    const struct start *start = lua_touserdata(L, 1);
    lua_settop(L, 0);
    lua_pushcfunction(L, traceback_keep);
    int arguments = start->push(L, start->arg);
    return entry_ended(L, lua_pcallk(L, arguments, LUA_MULTRET, 1, 0, entry_ended), 0);
}

static int refuse(struct task *task, const char *why)
{
    struct task_end end = {.err = ERR_UNAVAILABLE, .message = why, .trace = ""};
    task->cell->tasks++;
    task->state = TASK_IDLE;
    task->done(task, &end);
    return ERR_UNAVAILABLE;
}

static int run_task(struct task *task, task_push push, void *arg, bool now)
{
    struct cell *cell = task->cell;
    CHECK(task->state == TASK_IDLE);
    if (budget_depth() >= GATE_NESTING_MAX) {
        return refuse(task, "calls between plugins are nested too deeply");
    }
    if (!take_coroutine(cell, task)) {
        return refuse(task, "no coroutine is free: too many events wait");
    }
    task->cpu_ns = task->ticked_ns = 0;
    task->deadline_ms = 0;
    task->ticket = 0;
    cell->running++;
    struct start start = {task, push, arg};
    struct run run;
    run_begin(&run, task);
    run.may_wait = !now;
    run.now = now;
    lua_pushcfunction(task->co, entry);
    lua_pushlightuserdata(task->co, &start);
    return slice(&run, 1);
}

void task_run(struct task *task, task_push push, void *arg)
{
    run_task(task, push, arg, false);
}

int task_run_now(struct task *task, task_push push, void *arg)
{
    return run_task(task, push, arg, true);
}

struct task *task_current(lua_State *L)
{
    const struct run *run = strand_cell(L)->run;
    return run != NULL ? run->task : NULL;
}

/* ---- waiting ---- */

/* What of ours stands between the plugin's code and its coroutine, for the message. */
static const char *what_is_between(lua_State *L)
{
    static const struct {
        lua_CFunction function;
        const char *name;
    } known[] = {{lib_table_sort, "cannot wait inside table.sort's comparator"},
                 {lib_string_gsub, "cannot wait inside string.gsub's replacement"},
                 {lib_base_require, "cannot wait while a module is loaded"}};
    lua_Debug ar;
    for (int level = 0; lua_getstack(L, level, &ar) && lua_getinfo(L, "f", &ar); level++) {
        lua_CFunction function = lua_tocfunction(L, -1);
        lua_pop(L, 1);
        for (size_t i = 0; function != NULL && i < sizeof(known) / sizeof(known[0]); i++) {
            if (function == known[i].function) {
                return known[i].name;
            }
        }
    }
    return "cannot wait here";
}

struct ticket task_ticket(lua_State *L)
{
    struct cell *cell = strand_cell(L);
    struct run *run = cell->run;
    if (run == NULL || run->now) {
        gate_error(L, "cannot wait here: the caller needs the answer at once");
        UNREACHABLE("gate_error returned");
    }
    budget_check(L);
    if (!run->may_wait || !lua_isyieldable(L)) {
        gate_error(L, "%s", what_is_between(L));
    }
    park_renew_ticket(run->task);
    return (struct ticket){cell, run->task, run->task->ticket};
}

/* Runs in the resumed coroutine: the host function's second half. */
static int suspend_ended(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    struct run *run = strand_cell(L)->run;
    struct task *task = run->task;
    task_finish finish = task->finish;
    int pushed = finish != NULL ? finish(L, run->result) : 0;
    void *result = run->result;
    run->result = NULL;
    if (result != NULL && run->discard != NULL) {
        run->discard(result);
    }
    return pushed;
}

int task_suspend(lua_State *L, task_finish finish, task_discard discard)
{
    struct run *run = strand_cell(L)->run;
    CHECK(run != NULL && run->task->ticket != 0 && run->may_wait);
    run->task->finish = finish;
    run->task->discard = discard;
    run->suspended = true;
    return lua_yieldk(L, 0, 0, suspend_ended);
}

void task_resume(struct ticket ticket, void *result, task_discard discard)
{
    struct task *task = park_find(ticket);
    if (task == NULL) {
        if (result != NULL && discard != NULL) {
            discard(result);
        }
        return;
    }
    park_leave(task);
    park_renew_ticket(task); /* the same answer twice finds nobody */
    struct run run;
    run_begin(&run, task);
    run.result = result;
    run.discard = discard != NULL ? discard : task->discard;
    slice(&run, 0);
}

void task_cancel(struct task *task, int err)
{
    if (task->state != TASK_PARKED) {
        return;
    }
    park_leave(task);
    struct task_end end = {
        .err = err,
        .message = err == ERR_TIMEOUT ? "waited longer than it may" : err_text(err),
        .trace = "",
    };
    task->cell->inside++;
    struct cell *cell = task->cell;
    end_task(task, &end);
    cell->inside--;
}

void task_cancel_all(struct cell *cell, int err)
{
    while (cell->parked != NULL) {
        task_cancel(cell->parked, err);
    }
}

int gate_error(lua_State *L, const char *format, ...)
{
    char text[CELL_MESSAGE_MAX];
    char place[LUA_IDSIZE + 16];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    traceback_place(L, place, sizeof(place));
    lua_pushfstring(L, "%s%s", place, text);
    return lua_error(L);
}
