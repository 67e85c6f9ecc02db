/* What the tests of cells share: a cell with small limits, a task that runs a source text, waits.
 */
#ifndef TESTS_UNIT_LUA_CELLS_H
#define TESTS_UNIT_LUA_CELLS_H

#include "host/base/err.h"
#include "lua/budget.h"
#include "lua/cell.h"
#include "lua/gate.h"
#include "tests/unit/unit.h"

#include <lauxlib.h>

#define ASKED_MAX 1024

/* A task and how it ended; the struct is static or outlives the task. */
struct probe {
    struct task task;
    int ends;
    int err;
    char result[256]; /* the first result as text */
    char message[512];
    char trace[2048];
};

/* Waits that the host function ask(value) began, oldest first, to be answered by answer(). */
struct asked {
    struct ticket ticket;
    char text[64];
};
static struct asked asked[ASKED_MAX];
static size_t asked_count;
static int discards;

static inline void discard_text(void *result)
{
    discards++;
    free(result);
}

static inline int push_answer(lua_State *L, void *result)
{
    const char *text = result;
    if (text != NULL && strcmp(text, "fail") == 0) {
        return luaL_error(L, "the answer is bad");
    }
    lua_pushstring(L, text);
    return 1;
}

/* ask(text) -> text, after a wait */
static inline int host_ask(lua_State *L)
{
    const char *text = luaL_optstring(L, 1, "");
    struct ticket ticket = task_ticket(L);
    if (asked_count == ASKED_MAX) {
        return luaL_error(L, "too many questions");
    }
    struct asked *one = &asked[asked_count++];
    one->ticket = ticket;
    snprintf(one->text, sizeof(one->text), "%s", text);
    return task_suspend(L, push_answer, discard_text);
}

static inline void answer(size_t index, const char *text)
{
    task_resume(asked[index].ticket, text != NULL ? strdup(text) : NULL, discard_text);
}

/* fail(): a host function that raises */
static inline int host_fail(lua_State *L)
{
    return gate_error(L, "host says %d", 7);
}

static inline int wire(lua_State *L)
{
    lua_register(L, "ask", host_ask);
    lua_register(L, "fail", host_fail);
    return 0;
}

static inline struct cell *open_cell_with(struct cell_options options)
{
    options.plugin = "probe";
    options.version = "1.2.3";
    struct cell *cell = cell_new(&options);
    assert_non_null(cell);
    assert_int_equal(cell_protect(cell, wire, NULL, NULL, 0), 0);
    asked_count = 0;
    discards = 0;
    return cell;
}

static inline struct cell *open_cell(void)
{
    return open_cell_with((struct cell_options){.memory_soft = 4U << 20, .cpu_ms_max = 30});
}

static inline void probe_take(struct task *task, lua_State *L, int results)
{
    struct probe *probe = (struct probe *)(void *)task;
    if (results > 0) {
        snprintf(probe->result, sizeof(probe->result), "%s",
                 luaL_tolstring(L, lua_gettop(L) - results + 1, NULL));
    }
}

static inline void probe_done(struct task *task, const struct task_end *end)
{
    struct probe *probe = (struct probe *)(void *)task;
    probe->ends++;
    probe->err = end->err;
    snprintf(probe->message, sizeof(probe->message), "%s", end->message ? end->message : "");
    snprintf(probe->trace, sizeof(probe->trace), "%s", end->trace ? end->trace : "");
}

static inline int push_module(lua_State *L, void *arg)
{
    lua_getglobal(L, "require");
    lua_pushstring(L, arg);
    lua_call(L, 1, 1);
    return 0;
}

static inline void probe_open(struct probe *probe, struct cell *cell)
{
    *probe = (struct probe){
        .task = {.cell = cell, .take = probe_take, .done = probe_done},
        .err = 1,
    };
}

/* Runs `source`, the body of a function, as a task of its own. */
static inline void probe_run(struct probe *probe, struct cell *cell, const char *source)
{
    static unsigned serial;
    char name[32];
    char message[256] = "";
    size_t size = strlen(source) + 64;
    char *module = malloc(size);
    snprintf(name, sizeof(name), "t%u", ++serial);
    snprintf(module, size, "return function() %s\nend", source);
    int err =
        cell_add_module(cell, name, "probe/init.lua", bytes_of(module), message, sizeof(message));
    free(module);
    if (err) {
        print_error("%s\n", message);
    }
    assert_int_equal(err, 0);
    probe_open(probe, cell);
    task_run(&probe->task, push_module, name);
}

/* Runs it to its end and gives the first result. */
static inline const char *evaluate(struct cell *cell, const char *source)
{
    static struct probe probe;
    probe_run(&probe, cell, source);
    if (probe.err) {
        print_error("%d %s\n%s\n", probe.err, probe.message, probe.trace);
    }
    assert_int_equal(probe.ends, 1);
    assert_int_equal(probe.err, 0);
    return probe.result;
}

#endif
