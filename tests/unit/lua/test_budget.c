#include "tests/unit/lua/cells.h"

TEST(budget, loop_ends_with_the_place_and_a_trace)
{
    assert_int_equal(budget_thread_open(), 0);
    struct cell *cell = open_cell();
    struct probe probe;
    probe_run(&probe, cell, "\nlocal function spin() while true do end end\nspin()");
    assert_int_equal(probe.err, ERR_BUDGET);
    assert_string_equal(probe.message, "probe/init.lua:2: used more than its 30 ms of CPU time");
    assert_non_null(strstr(probe.trace, "probe/init.lua:2: in local 'spin'"));
    struct cell_usage usage;
    cell_usage(cell, &usage);
    assert_int_equal(usage.kills, 1);
    /* Never before its limit. */
    assert_true(usage.cpu_ns >= 30 * 1000000U);
    cell_free(cell);
    budget_thread_close();
}

TEST(budget, limit_counts_over_the_slices_of_an_event)
{
    assert_int_equal(budget_thread_open(), 0);
    struct cell *cell = open_cell();
    struct probe probe;
    probe_run(&probe, cell,
              "while true do local n = 0 for i = 1, 300000 do n = n + i end ask() end");
    for (size_t i = 0; i < ASKED_MAX && probe.ends == 0; i++) {
        answer(i, "on");
    }
    assert_int_equal(probe.err, ERR_BUDGET);
    cell_free(cell);
    budget_thread_close();
}

TEST(budget, limit_of_the_task_goes_before_that_of_the_cell)
{
    assert_int_equal(budget_thread_open(), 0);
    struct cell *cell = open_cell();
    struct probe probe;
    probe_open(&probe, cell);
    probe.task.cpu_ms_max = 10;
    assert_int_equal(cell_add_module(cell, "spin", "spin.lua", BYTES("while true do end"), NULL, 0),
                     0);
    task_run(&probe.task, push_module, (char[]){"spin"});
    assert_string_equal(probe.message, "spin.lua:1: used more than its 10 ms of CPU time");
    cell_free(cell);
    budget_thread_close();
}

static struct cell *callee;

static int push_spin(lua_State *L, void *arg)
{
    (void)arg;
    lua_getglobal(L, "spin");
    return 0;
}

/* call(): runs spin() of the other cell, as a call between plugins does */
static int host_call(lua_State *L)
{
    struct probe probe;
    probe_open(&probe, callee);
    lua_pushstring(L, err_name(task_run_now(&probe.task, push_spin, NULL)));
    return 1;
}

static int wire_call(lua_State *L)
{
    lua_register(L, "call", host_call);
    return 0;
}

TEST(budget, caller_pays_for_what_it_calls)
{
    assert_int_equal(budget_thread_open(), 0);
    struct cell *caller = open_cell_with((struct cell_options){.cpu_ms_max = 100});
    callee = open_cell_with((struct cell_options){.cpu_ms_max = 20});
    assert_int_equal(cell_protect(caller, wire_call, NULL, NULL, 0), 0);
    evaluate(callee, "function spin() while true do end end");
    assert_string_equal(evaluate(caller, "return call()"), "ERR_BUDGET");
    struct probe probe;
    probe_run(&probe, caller, "while true do call() end");
    assert_int_equal(probe.err, ERR_BUDGET);
    assert_string_equal(evaluate(callee, "return 'fine'"), "fine");
    cell_free(caller);
    cell_free(callee);
    budget_thread_close();
}

TEST(budget, memory_kill_says_so_and_the_memory_comes_back)
{
    assert_int_equal(budget_thread_open(), 0);
    struct cell *cell =
        open_cell_with((struct cell_options){.memory_soft = 1U << 20, .cpu_ms_max = 1000});
    struct probe probe;
    probe_run(&probe, cell, "local t = {} for i = 1, math.huge do t[i] = {} end");
    assert_int_equal(probe.err, ERR_BUDGET);
    assert_string_equal(probe.message, "probe/init.lua:1: used more than its 1024 KB of memory");
    assert_string_equal(evaluate(cell, "for _ = 1, 1000 do local _ = {} end return 'ok'"), "ok");
    struct cell_usage usage;
    cell_usage(cell, &usage);
    assert_true(usage.memory_peak > 1U << 20);
    assert_true(usage.memory_peak <= CELL_MEMORY_HARD_TIMES * (1U << 20));
    cell_free(cell);
    budget_thread_close();
}

TEST(budget, thread_without_a_task_is_left_alone)
{
    assert_int_equal(budget_thread_open(), 0);
    volatile unsigned long turns = 0;
    for (int i = 0; i < 50000000; i++) {
        turns += (unsigned long)i;
    }
    assert_true(turns > 0);
    struct cell *cell = open_cell();
    assert_string_equal(evaluate(cell, "return 'on time'"), "on time");
    cell_free(cell);
    budget_thread_close();
}

TEST_MAIN
