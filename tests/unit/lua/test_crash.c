/*
 * Programs of plain Lua that crash or mislead Lua 5.4.4 as Debian ships it.
 * Each runs in a cell in a child process, which must come back alive.
 */
#include "tests/unit/lua/cells.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void run_in_cell(const char *source)
{
    if (budget_thread_open()) {
        _exit(2);
    }
    struct cell *cell =
        open_cell_with((struct cell_options){.memory_soft = 4U << 20, .cpu_ms_max = 1000});
    struct probe probe;
    probe_run(&probe, cell, source);
    if (probe.ends != 1 || strcmp(evaluate(cell, "return 'alive'"), "alive") != 0) {
        _exit(3);
    }
    cell_free(cell);
    budget_thread_close();
}

static bool child_survives(void (*run)(const char *), const char *source)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        for (int number = 1; number < SIGRTMIN; number++) {
            signal(number, SIG_DFL); /* the test library catches crashes */
        }
        run(source);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void crash(const char *source)
{
    (void)source;
    raise(SIGSEGV);
}

TEST(crash, harness_notices_a_crash)
{
    assert_false(child_survives(crash, NULL));
}

TEST(crash, new_metatables_for_an_all_weak_table)
{
    assert_true(child_survives(run_in_cell, "local t = setmetatable({}, {__mode = 'kv'})\n"
                                            "for i = 1, 200000 do\n"
                                            "  pcall(setmetatable, t, {__mode = 'kv'})\n"
                                            "  local u = setmetatable({}, {__mode = 'kv'})\n"
                                            "  u[{}] = {} t[i % 50] = {} t[{}] = i\n"
                                            "end"));
}

TEST(crash, store_into_a_table_while_memory_runs_out)
{
    assert_true(child_survives(run_in_cell,
                               "local kept = {}\n"
                               "for n = 1, 1e9 do\n"
                               "  local mt = setmetatable({}, {__mode = 'v'})\n"
                               "  mt.__newindex = {}\n"
                               "  local t = setmetatable({}, mt)\n"
                               "  for i = 1, 64 do t[i] = {} end\n"
                               "  pcall(function() for i = 1, 1e7 do t['k' .. i] = i end end)\n"
                               "  kept[n] = ('x'):rep(1000)\n"
                               "end"));
}

TEST(crash, gmatch_iterator_after_an_error)
{
    assert_true(child_survives(run_in_cell,
                               "for _, n in ipairs{200, 300, 1000, 10000, 200000} do\n"
                               "  local ok, f = pcall(string.gmatch, ('a'):rep(n), ('a?'):rep(n))\n"
                               "  if ok then pcall(f) pcall(f) pcall(f) end\n"
                               "  local g = ('a'):rep(n):gmatch(('(a'):rep(n) .. (')'):rep(n))\n"
                               "  pcall(g) pcall(g)\n"
                               "end"));
}

TEST(crash, chain_of_coroutines_that_close_each_other)
{
    assert_true(child_survives(run_in_cell,
                               "local close = coroutine.close\n"
                               "local co\n"
                               "for _ = 1, 50000 do\n"
                               "  local before = co\n"
                               "  local made, new = pcall(coroutine.create, function()\n"
                               "    local c <close> = setmetatable({}, {__close = function()\n"
                               "      if close then close(before) end end})\n"
                               "    coroutine.yield()\n"
                               "  end)\n"
                               "  if not made then break end\n"
                               "  co = new coroutine.resume(co)\n"
                               "end\n"
                               "if close then close(co) end"));
}

TEST(crash, break_out_of_a_for_with_a_closing_value)
{
    assert_true(child_survives(
        run_in_cell, "local closed = 0\n"
                     "local closer = setmetatable({}, {__close = function() closed = closed + 1"
                     " end})\n"
                     "for i = 1, 1000 do\n"
                     "  pcall(function()\n"
                     "    local a <const>, b, c = 1, {}, function() return i end\n"
                     "    for k in next, {1, 2, 3}, nil, closer do\n"
                     "      local d = function() return k, b end\n"
                     "      if k == 2 then break end\n"
                     "    end\n"
                     "    return c()\n"
                     "  end)\n"
                     "end"));
}

/* A collection at nearly every allocation, over much of what the runtime does. */
TEST(crash, every_library_under_memory_pressure)
{
    assert_true(child_survives(
        run_in_cell, "local kept = {}\n"
                     "for i = 1, 100000 do\n"
                     "  local s = ('%5d %s'):format(i, {}):gsub('%d', {['1'] = 'x'})\n"
                     "  local co = coroutine.wrap(function(...) return select('#', ...),\n"
                     "    coroutine.yield(...) end)\n"
                     "  co(i, s) pcall(co) table.sort(kept) table.concat(kept, '', 1, 0)\n"
                     "  kept[#kept + 1] = s:rep(50)\n"
                     "end"));
}

TEST_MAIN
