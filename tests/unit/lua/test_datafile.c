#include "host/base/err.h"
#include "lua/datafile.h"
#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <unistd.h>

static struct datafile file;
static char message[512];

static void assert_parsed(const char *text, const char *json)
{
    message[0] = '\0';
    int err = datafile_parse(&file, "mesh.lua", bytes_of(text), message, sizeof(message));
    if (err) {
        fail_msg("%s: %s", err_name(err), message);
    }
    assert_string_equal(file.json, json);
}

static void assert_refused(const char *text, int expected, const char *words)
{
    message[0] = '\0';
    int err = datafile_parse(&file, "mesh.lua", bytes_of(text), message, sizeof(message));
    assert_string_equal(message, words);
    assert_int_equal(err, expected);
    assert_null(file.json);
}

TEST(datafile, assignments_become_members)
{
    assert_parsed("listen = '127.0.0.1:8080'", "{\"listen\":\"127.0.0.1:8080\"}");
    datafile_close(&file);
    assert_parsed("a = { b = { 1, 2.5, true } }", "{\"a\":{\"b\":[1,2.5,true]}}");
    datafile_close(&file);
    assert_parsed("", "{}");
    datafile_close(&file);
    assert_parsed("size = 16 * 1024 -- computed", "{\"size\":16384}");
    datafile_close(&file);
}

TEST(datafile, value_that_is_returned_is_refused_not_passed_over)
{
    assert_refused("return { wrokers = 3 }", ERR_INVALID,
                   "mesh.lua: write key = value lines; a value that is returned is not read");
}

TEST(datafile, key_may_use_an_earlier_one)
{
    assert_parsed("size = 4 local half = size / 2 size = half", "{\"size\":2}");
    assert_int_equal(file.keys_count, 1);
    datafile_close(&file);
}

TEST(datafile, key_knows_its_lines)
{
    assert_parsed("\n-- words\nplugins = {\n  chat = {\n    pinsMax = 5,\n  },\n}\n",
                  "{\"plugins\":{\"chat\":{\"pinsMax\":5}}}");
    assert_int_equal(file.keys_count, 1);
    assert_int_equal(file.keys[0].line, 3);
    assert_int_equal(file.keys[0].end, 7);
    assert_int_equal(datafile_line(&file, BYTES("plugins"), NULL), 3);
    assert_int_equal(datafile_line(&file, BYTES("plugins"), "chat"), 4);
    assert_int_equal(datafile_line(&file, BYTES("plugins"), "pinsMax"), 5);
    assert_int_equal(datafile_line(&file, BYTES("plugins"), "pins"), 3);
    assert_int_equal(datafile_line(&file, BYTES("plugin"), NULL), 0);
    datafile_close(&file);
    assert_parsed("a = 1 b = { c = 2, d = 3 }", "{\"a\":1,\"b\":{\"c\":2,\"d\":3}}");
    assert_int_equal(datafile_line(&file, BYTES("b"), "d"), 1);
    datafile_close(&file);
}

TEST(datafile, nothing_can_be_called)
{
    static const char *const names[] = {"print",  "require", "load",         "pcall", "os",
                                        "io",     "string",  "setmetatable", "_G",    "error",
                                        "dofile", "debug",   "coroutine",    "next",  "table"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char text[64];
        char words[128];
        snprintf(text, sizeof(text), "x = %s", names[i]);
        snprintf(words, sizeof(words), "mesh.lua:1: %s is not defined here; a text needs quotes",
                 names[i]);
        assert_refused(text, ERR_INVALID, words);
    }
}

TEST(datafile, texts_have_no_methods)
{
    assert_refused("x = ('a'):rep(10)", ERR_INVALID,
                   "mesh.lua:1: attempt to index a string value (constant 'a')");
}

TEST(datafile, mistakes_carry_their_line)
{
    assert_refused("a = 1\nb = 2\nc = }", ERR_SYNTAX, "mesh.lua:3: unexpected symbol near '}'");
    assert_refused("a = 1\nlog_level = debugging\n", ERR_INVALID,
                   "mesh.lua:2: debugging is not defined here; a text needs quotes");
    assert_refused("a = 1\n\nf = function() end", ERR_INVALID,
                   "mesh.lua:3: f: a function is no data");
    assert_refused("a = { function() end }", ERR_INVALID,
                   "mesh.lua:1: a[1]: a function has no JSON form");
    assert_refused("a = {} a.a = a", ERR_INVALID,
                   "mesh.lua:1: a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a: "
                   "tables inside each other too deeply, or in a circle");
    assert_refused("_ENV[1] = 2", ERR_INVALID, "mesh.lua:1: a key is a name");
}

TEST(datafile, endless_loop_ends)
{
    assert_refused("while true do end", ERR_BUDGET,
                   "mesh.lua:1: more than 1000000 steps; a configuration holds data");
    assert_refused("local function f() return f() end\nf()", ERR_BUDGET,
                   "mesh.lua:1: more than 1000000 steps; a configuration holds data");
}

TEST(datafile, memory_has_an_end)
{
    assert_refused("x = 'a' for i = 1, 100 do x = x .. x end", ERR_BUDGET,
                   "mesh.lua: needs too much memory");
    assert_refused(
        "s = 'a' for i = 1, 12 do s = s .. s end t = {} for i = 1, 9000 do t[i] = s .. i end",
        ERR_BUDGET, "mesh.lua: needs too much memory");
}

TEST(datafile, compiled_lua_is_refused)
{
    assert_refused("\033Lua", ERR_SYNTAX,
                   "mesh.lua: not a text; Lua as people write it is expected");
    struct bytes nul = {"a = 1\0", 6};
    assert_int_equal(datafile_parse(&file, "mesh.lua", nul, message, sizeof(message)), ERR_SYNTAX);
}

TEST(datafile, too_large_a_text_is_not_run)
{
    char *big = calloc(1, DATAFILE_BYTES_MAX + 2);
    memset(big, ' ', DATAFILE_BYTES_MAX + 1);
    assert_refused(big, ERR_TOO_LARGE, "mesh.lua: more than 1048576 bytes");
    free(big);
}

TEST(datafile, file_is_read_from_the_disk_or_said_to_be_missing)
{
    char path[] = "/tmp/datafile-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "a = 1", 5), 5);
    close(fd);
    assert_int_equal(datafile_open(&file, path, message, sizeof(message)), 0);
    assert_string_equal(file.json, "{\"a\":1}");
    datafile_close(&file);
    unlink(path);
    assert_int_equal(datafile_open(&file, path, message, sizeof(message)), ERR_NOT_FOUND);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(datafile_open(&file, path, message, sizeof(message)), ERR_INVALID);
    unlink(path);
    assert_int_equal(datafile_open(&file, "/tmp", message, sizeof(message)), ERR_INVALID);
}

TEST_MAIN
