#include "host/base/clock.h"
#include "host/loop/loop.h"
#include "tests/unit/lua/cells.h"

TEST(gate, task_gives_its_result_before_run_returns)
{
    struct cell *cell = open_cell();
    assert_string_equal(evaluate(cell, "return 'a' .. 1"), "a1");
    cell_free(cell);
}

TEST(gate, waiting_task_goes_on_where_it_was)
{
    struct cell *cell = open_cell();
    struct probe probe;
    probe_run(&probe, cell, "local a = ask('x'); local b = ask('y'); return a .. b");
    assert_int_equal(probe.ends, 0);
    assert_string_equal(asked[0].text, "x");
    answer(0, "1");
    assert_int_equal(probe.ends, 0);
    answer(1, "2");
    assert_int_equal(probe.err, 0);
    assert_string_equal(probe.result, "12");
    assert_int_equal(discards, 2);
    cell_free(cell);
}

TEST(gate, many_tasks_wait_at_once_and_each_gets_its_own_answer)
{
    struct cell *cell = open_cell();
    static struct probe probes[100];
    for (size_t i = 0; i < 100; i++) {
        probe_run(&probes[i], cell, "return ask()");
    }
    for (size_t i = 100; i-- > 0;) {
        char text[32];
        snprintf(text, sizeof(text), "%zu", i);
        answer(i, text);
        assert_int_equal(probes[i].ends, 1);
        assert_string_equal(probes[i].result, text);
    }
    cell_free(cell);
}

TEST(gate, same_answer_twice_finds_nobody)
{
    struct cell *cell = open_cell();
    struct probe probe;
    probe_run(&probe, cell, "ask(); return ask()");
    answer(0, "1");
    answer(0, "2");
    assert_int_equal(probe.ends, 0);
    assert_int_equal(discards, 2);
    answer(1, "3");
    assert_string_equal(probe.result, "3");
    cell_free(cell);
}

TEST(gate, answer_that_cannot_be_pushed_is_an_error_in_the_plugin)
{
    struct cell *cell = open_cell();
    struct probe probe;
    probe_run(&probe, cell, "local ok, why = pcall(ask); return why");
    answer(0, "fail");
    assert_int_equal(probe.err, 0);
    assert_non_null(strstr(probe.result, "the answer is bad"));
    assert_int_equal(discards, 1);
    cell_free(cell);
}

TEST(gate, wait_passes_through_pcall_xpcall_and_metamethods)
{
    struct cell *cell = open_cell();
    struct probe probe;
    probe_run(&probe, cell,
              "local t = setmetatable({}, {__index = function(_, k) return ask(k) end})\n"
              "local ok, v = pcall(function() return select(2, xpcall(function(x) return t[x] end,"
              " tostring, 'key')) end) return tostring(ok) .. v");
    assert_string_equal(asked[0].text, "key");
    answer(0, "!");
    assert_string_equal(probe.result, "true!");
    cell_free(cell);
}

TEST(gate, wait_passes_through_nested_coroutines_of_the_plugin)
{
    struct cell *cell = open_cell();
    struct probe probe;
    probe_run(&probe, cell,
              "local gen = coroutine.wrap(function()\n"
              "  local inner = coroutine.create(function(a)\n"
              "    local b = coroutine.yield(a .. ask('1'))\n"
              "    return b .. ask('2')\n"
              "  end)\n"
              "  local _, x = coroutine.resume(inner, 'a')\n"
              "  coroutine.yield(x)\n"
              "  local _, y = coroutine.resume(inner, 'b')\n"
              "  coroutine.yield(y)\n"
              "  return coroutine.status(inner)\n"
              "end)\n"
              "return gen() .. gen() .. gen()");
    answer(0, "X");
    assert_int_equal(probe.ends, 0);
    answer(1, "Y");
    assert_string_equal(probe.result, "aXbYdead");
    cell_free(cell);
}

TEST(gate, coroutine_parked_by_one_task_is_refused_to_another)
{
    struct cell *cell = open_cell();
    struct probe first;
    probe_run(&first, cell,
              "shared = coroutine.create(function() return ask() end)\n"
              "return select(2, coroutine.resume(shared))");
    assert_string_equal(evaluate(cell, "return select(2, coroutine.resume(shared))"),
                        "cannot resume a coroutine that waits for the host");
    answer(0, "mine");
    assert_string_equal(first.result, "mine");
    cell_free(cell);
}

TEST(gate, task_coroutine_cannot_be_resumed_by_plugin_code)
{
    struct cell *cell = open_cell();
    struct probe first;
    probe_run(&first, cell, "parked = coroutine.running() ask() return 'done'");
    assert_string_equal(evaluate(cell, "return select(2, coroutine.resume(parked))"),
                        "cannot resume a task's coroutine");
    assert_string_equal(evaluate(cell, "return select(2, pcall(coroutine.yield))"),
                        "attempt to yield from outside a coroutine");
    answer(0, NULL);
    assert_string_equal(first.result, "done");
    cell_free(cell);
}

TEST(gate, wait_where_none_is_possible_says_where)
{
    struct cell *cell = open_cell();
    assert_string_equal(
        evaluate(cell, "return select(2, pcall(table.sort, {1, 2}, function() ask() end))"),
        "probe/init.lua:1: cannot wait inside table.sort's comparator");
    assert_string_equal(evaluate(cell, "return select(2, pcall(string.gsub, 'a', 'a', ask))"),
                        "probe/init.lua:1: cannot wait inside string.gsub's replacement");
    assert_string_equal(evaluate(cell, "local co = coroutine.create(ask)\n"
                                       "local _, r = pcall(table.sort, {1, 2}, function()\n"
                                       "  error(select(2, coroutine.resume(co)), 0) end) return r"),
                        "cannot wait here");
    cell_free(cell);
}

TEST(gate, synchronous_task_may_not_wait_and_returns_its_error)
{
    struct cell *cell = open_cell();
    struct probe probe;
    assert_string_equal(evaluate(cell, "function waits() ask() end return 1"), "1");
    char message[256];
    assert_int_equal(
        cell_add_module(cell, "w", "w.lua", BYTES("return waits()"), message, sizeof(message)), 0);
    probe_open(&probe, cell);
    assert_int_equal(task_run_now(&probe.task, push_module, (char[]){"w"}), ERR_PLUGIN);
    assert_int_equal(probe.ends, 1);
    assert_non_null(strstr(probe.message, "cannot wait here"));
    cell_free(cell);
}

TEST(gate, error_has_its_line_and_a_traceback)
{
    struct cell *cell = open_cell();
    struct probe probe;
    probe_run(&probe, cell,
              "\nlocal function inner() error('no') end\n"
              "local function outer() inner() end\nouter()");
    assert_int_equal(probe.err, ERR_PLUGIN);
    assert_string_equal(probe.message, "probe/init.lua:2: no");
    assert_non_null(strstr(probe.trace, "probe/init.lua:2: in upvalue 'inner'\n"
                                        "probe/init.lua:3: in local 'outer'\n"
                                        "probe/init.lua:4: in "));
    cell_free(cell);
}

TEST(gate, traceback_goes_through_a_wrapped_coroutine)
{
    struct cell *cell = open_cell();
    struct probe probe;
    probe_run(&probe, cell, "local g = coroutine.wrap(function()\nlocal x = nil + 1 end)\n\ng()");
    assert_int_equal(probe.err, ERR_PLUGIN);
    assert_non_null(strstr(probe.trace, "probe/init.lua:2: in"));
    assert_non_null(strstr(probe.trace, "probe/init.lua:4: in"));
    cell_free(cell);
}

TEST(gate, error_object_that_is_a_table_is_not_called)
{
    struct cell *cell = open_cell();
    struct probe probe;
    probe_run(&probe, cell, "error(setmetatable({}, {__tostring = function() called = true end}))");
    assert_int_equal(probe.err, ERR_PLUGIN);
    assert_string_equal(probe.message, "(error object is a table)");
    assert_string_equal(evaluate(cell, "return called"), "nil");
    probe_run(&probe, cell, "error(12.5)");
    assert_string_equal(probe.message, "12.5");
    cell_free(cell);
}

TEST(gate, host_error_names_the_plugins_line)
{
    struct cell *cell = open_cell();
    struct probe probe;
    probe_run(&probe, cell, "\n\npcall(fail)\nfail()");
    assert_string_equal(probe.message, "probe/init.lua:4: host says 7");
    cell_free(cell);
}

TEST(gate, close_variables_run_after_an_error)
{
    struct cell *cell = open_cell();
    struct probe probe;
    probe_run(&probe, cell,
              "local c <close> = setmetatable({}, {__close = function()\n"
              "closed = ask('closing') end}) error('x', 0)");
    assert_string_equal(asked[0].text, "closing");
    answer(0, "yes");
    assert_int_equal(probe.err, ERR_PLUGIN);
    assert_string_equal(probe.message, "x");
    assert_string_equal(evaluate(cell, "return closed"), "yes");
    cell_free(cell);
}

TEST(gate, cancelled_task_ends_once_and_its_answer_is_discarded)
{
    struct cell *cell = open_cell();
    struct probe probe;
    probe_run(&probe, cell, "ask()");
    task_cancel(&probe.task, ERR_CANCELLED);
    assert_int_equal(probe.ends, 1);
    assert_int_equal(probe.err, ERR_CANCELLED);
    task_cancel(&probe.task, ERR_CANCELLED);
    answer(0, "late");
    assert_int_equal(probe.ends, 1);
    assert_int_equal(discards, 1);
    cell_free(cell);
}

TEST(gate, wall_deadline_ends_a_parked_task)
{
    clock_test_start(1000000);
    struct loop *loop = loop_new();
    struct cell *cell = open_cell_with((struct cell_options){.loop = loop, .wall_ms_max = 100});
    struct probe early;
    struct probe late;
    probe_run(&early, cell, "ask() ask()");
    clock_test_advance(60);
    answer(0, "1"); /* the deadline is the event's, not the wait's */
    probe_run(&late, cell, "return ask()");
    clock_test_advance(40);
    loop_settle(loop);
    assert_int_equal(early.err, ERR_TIMEOUT);
    assert_int_equal(late.ends, 0);
    clock_test_advance(60);
    loop_settle(loop);
    assert_int_equal(late.err, ERR_TIMEOUT);
    answer(1, "late");
    cell_free(cell);
    loop_free(loop);
    clock_test_stop();
}

static struct cell *across_to;
static int across_depth;

static int push_across(lua_State *L, void *arg)
{
    (void)arg;
    lua_getglobal(L, "across");
    return 0;
}

/* across(): runs itself as a task in a cell, as a call between plugins does */
static int host_across(lua_State *L)
{
    struct probe probe;
    across_depth++;
    probe_open(&probe, across_to);
    int err = task_run_now(&probe.task, push_across, NULL);
    lua_pushstring(L, err ? err_name(err) : probe.result);
    return 1;
}

static int wire_across(lua_State *L)
{
    lua_register(L, "across", host_across);
    return 0;
}

TEST(gate, tasks_nest_to_a_limit_between_cells_and_within_one)
{
    struct cell *a = open_cell();
    struct cell *b = open_cell();
    assert_int_equal(cell_protect(a, wire_across, NULL, NULL, 0), 0);
    assert_int_equal(cell_protect(b, wire_across, NULL, NULL, 0), 0);
    across_to = b;
    assert_string_equal(evaluate(a, "return across()"), "ERR_UNAVAILABLE");
    assert_int_equal(across_depth, 8);
    assert_string_equal(evaluate(b, "return across()"), "ERR_UNAVAILABLE");
    assert_int_equal(across_depth, 16);
    assert_string_equal(evaluate(b, "return 'fine'"), "fine");
    cell_free(a);
    cell_free(b);
}

static void take_raises(struct task *task, lua_State *L, int results)
{
    (void)task;
    (void)results;
    luaL_error(L, "cannot take that");
}

TEST(gate, results_that_cannot_be_taken_are_an_error)
{
    struct cell *cell = open_cell();
    struct probe probe;
    assert_int_equal(
        cell_add_module(cell, "m", "m.lua", BYTES("return function() return 1 end"), NULL, 0), 0);
    probe_open(&probe, cell);
    probe.task.take = take_raises;
    task_run(&probe.task, push_module, (char[]){"m"});
    assert_int_equal(probe.ends, 1);
    assert_int_equal(probe.err, ERR_PLUGIN);
    assert_string_equal(probe.message, "cannot take that");
    assert_string_equal(evaluate(cell, "return 'fine'"), "fine");
    cell_free(cell);
}

static int again_left;

static void run_again(struct task *task, const struct task_end *end)
{
    probe_done(task, end);
    if (again_left-- > 0) {
        task_run(task, push_module, (char[]){"m"});
    }
}

TEST(gate, task_can_be_run_again_from_its_own_end)
{
    struct cell *cell = open_cell();
    struct probe probe;
    assert_int_equal(
        cell_add_module(cell, "m", "m.lua", BYTES("return function() return 1 end"), NULL, 0), 0);
    probe_open(&probe, cell);
    probe.task.done = run_again;
    again_left = 5;
    task_run(&probe.task, push_module, (char[]){"m"});
    assert_int_equal(probe.ends, 6);
    assert_int_equal(probe.err, 0);
    cell_free(cell);
}

TEST(gate, cancel_all_ends_every_parked_task)
{
    struct cell *cell = open_cell();
    static struct probe probes[5];
    for (size_t i = 0; i < 5; i++) {
        probe_run(&probes[i], cell, "local g = coroutine.wrap(ask) g()");
    }
    task_cancel_all(cell, ERR_CANCELLED);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(probes[i].ends, 1);
        assert_int_equal(probes[i].err, ERR_CANCELLED);
        answer(i, "late");
    }
    assert_int_equal(discards, 5);
    cell_free(cell);
}

TEST(gate, xpcall_tells_its_handler_the_frames_that_are_gone)
{
    struct cell *cell = open_cell();
    assert_non_null(strstr(evaluate(cell, "local function deep() error('x') end\n"
                                          "return (select(2, xpcall(deep, function(e, trace)\n"
                                          "return e .. '|' .. trace end)))"),
                           "probe/init.lua:1: x|[C]: in global 'error'\n"
                           "probe/init.lua:1: in function"));
    cell_free(cell);
}

TEST(gate, coroutines_are_limited_and_come_back)
{
    struct cell *cell = open_cell_with((struct cell_options){.coroutines_max = 8});
    static struct probe probes[9];
    for (size_t i = 0; i < 9; i++) {
        probe_run(&probes[i], cell, "return ask()");
    }
    assert_int_equal(probes[7].ends, 0);
    assert_int_equal(probes[8].err, ERR_UNAVAILABLE);
    for (size_t i = 0; i < 8; i++) {
        answer(i, "x");
    }
    assert_string_equal(evaluate(cell, "return 'again'"), "again");
    struct cell_usage usage;
    cell_usage(cell, &usage);
    assert_int_equal(usage.running, 0);
    assert_int_equal(usage.tasks, 10);
    assert_int_equal(usage.coroutines, 8);
    cell_free(cell);
}

TEST_MAIN
