#include "host/base/mem.h"
#include "tests/unit/lua/cells.h"

static int raise_text(lua_State *L)
{
    return luaL_error(L, "%s", (const char *)lua_touserdata(L, 1));
}

static int raise_memory(lua_State *L)
{
    lua_newuserdatauv(L, (size_t)1 << 40, 0);
    return 0;
}

TEST(cell, knows_what_it_was_made_with)
{
    struct cell *cell =
        open_cell_with((struct cell_options){.generation = 7, .worker = 3, .owner = &cell});
    assert_string_equal(cell_plugin(cell), "probe");
    assert_string_equal(cell_version(cell), "1.2.3");
    assert_int_equal(cell_generation(cell), 7);
    assert_int_equal(cell_worker(cell), 3);
    assert_ptr_equal(cell_owner(cell), &cell);
    assert_ptr_equal(cell_of(cell_state(cell)), cell);
    cell_free(cell);
}

TEST(cell, protect_turns_what_is_raised_into_a_code)
{
    struct cell *cell = open_cell();
    char message[64];
    assert_int_equal(cell_protect(cell, raise_text, (char[]){"no\nway"}, message, sizeof(message)),
                     ERR_PLUGIN);
    assert_string_equal(message, "no way");
    assert_int_equal(cell_protect(cell, raise_memory, NULL, message, sizeof(message)), ERR_NOMEM);
    assert_int_equal(cell_protect(cell, raise_memory, NULL, NULL, 0), ERR_NOMEM);
    cell_free(cell);
}

TEST(cell, module_with_an_error_says_file_and_line)
{
    struct cell *cell = open_cell();
    char message[256];
    assert_int_equal(
        cell_add_module(cell, "m", "chat/init.lua", BYTES("\nlocal = 1"), message, sizeof(message)),
        ERR_SYNTAX);
    assert_string_equal(message, "chat/init.lua:2: <name> expected near '='");
    cell_free(cell);
}

TEST(cell, module_of_bytecode_is_refused)
{
    struct cell *cell = open_cell();
    char message[256];
    assert_int_equal(cell_add_module(cell, "m", "m.lua", BYTES("\x1bLuaT\0\x19\x93\r\n"), message,
                                     sizeof(message)),
                     ERR_SYNTAX);
    assert_non_null(strstr(message, "binary chunk"));
    cell_free(cell);
}

TEST(cell, module_over_the_limit_is_refused)
{
    struct cell *cell = open_cell();
    char *text = mem_alloc(CELL_SOURCE_BYTES_MAX + 1);
    memset(text, ' ', CELL_SOURCE_BYTES_MAX + 1);
    struct bytes source = {text, CELL_SOURCE_BYTES_MAX};
    assert_int_equal(cell_add_module(cell, "m", "m.lua", source, NULL, 0), 0);
    source.len++;
    assert_int_equal(cell_add_module(cell, "m", "m.lua", source, NULL, 0), ERR_TOO_LARGE);
    mem_free(text);
    cell_free(cell);
}

static void add(struct cell *cell, const char *name, const char *source)
{
    assert_int_equal(cell_add_module(cell, name, name, bytes_of(source), NULL, 0), 0);
}

TEST(cell, require_runs_a_module_once)
{
    struct cell *cell = open_cell();
    add(cell, "once", "runs = (runs or 0) + 1; return {}");
    assert_string_equal(
        evaluate(cell,
                 "local same = require('once') == require('once') return runs .. tostring(same)"),
        "1true");
    cell_free(cell);
}

TEST(cell, module_that_failed_can_be_tried_again)
{
    struct cell *cell = open_cell();
    add(cell, "flaky", "tries = (tries or 0) + 1; if tries < 2 then error('not yet') end");
    add(cell, "loop_a", "return require('loop_b')");
    add(cell, "loop_b", "return require('loop_a')");
    assert_string_equal(
        evaluate(cell, "return tostring(pcall(require, 'flaky')) .. tostring(require('flaky'))"),
        "falsetrue");
    assert_string_equal(evaluate(cell, "return (select(2, pcall(require, 'loop_a')))"),
                        "loop_b:1: module 'loop_a' requires itself");
    cell_free(cell);
}

TEST(cell, cells_share_nothing)
{
    struct cell *a = open_cell();
    struct cell *b = open_cell();
    evaluate(a, "shared = 1; string.upper = nil; math.pi = 3");
    assert_string_equal(evaluate(b, "return tostring(shared) .. ('x'):upper()"), "nilX");
    cell_free(a);
    cell_free(b);
}

TEST(cell, random_numbers_differ_between_cells)
{
    struct cell *a = open_cell();
    struct cell *b = open_cell();
    char first[256];
    snprintf(first, sizeof(first), "%s", evaluate(a, "return tostring(math.random(0))"));
    assert_string_not_equal(first, evaluate(b, "return tostring(math.random(0))"));
    cell_free(a);
    cell_free(b);
}

TEST(cell, no_memory_at_any_point_of_making_one_gives_null)
{
    const struct cell_options options = {.plugin = "probe", .version = "1"};
    struct cell *cell = NULL;
    unsigned nth = 0;
    while (cell == NULL) {
        /* A collection may find the memory for the one that failed, so some of these succeed. */
        mem_fault_after(++nth);
        cell = cell_new(&options);
        mem_fault_after(0);
        assert_true(nth < 10000);
        if (cell != NULL && nth < 400) {
            cell_free(cell);
            cell = NULL;
        }
    }
    cell_free(cell);
}

TEST_MAIN
