#include "host/base/err.h"
#include "host/base/mem.h"
#include "lua/json.h"
#include "tests/unit/unit.h"

#include <lauxlib.h>
#include <lualib.h>

static lua_State *state_open(void)
{
    lua_State *L = luaL_newstate();
    assert_non_null(L);
    luaL_openlibs(L);
    json_open_lib(L);
    lua_setglobal(L, "json");
    return L;
}

static void run(lua_State *L, const char *code)
{
    if (luaL_dostring(L, code) != LUA_OK) {
        fail_msg("%s", lua_tostring(L, -1));
    }
}

/* Pushes JSON as Lua values. */
static void push_text(lua_State *L, const char *text)
{
    struct json_doc doc;
    json_open(&doc);
    assert_int_equal(json_parse(&doc, bytes_of(text), NULL), 0);
    json_push(L, &doc, doc.nodes);
    json_close(&doc);
}

/* Compares the JSON of a Lua expression with a text. */
static void assert_encodes(const char *expression, const char *expected, bool canonical)
{
    lua_State *L = state_open();
    struct buf out;
    char message[JSON_MESSAGE_MAX] = "";
    char code[1024];
    snprintf(code, sizeof(code), "return %s", expression);
    run(L, code);
    buf_open(&out, 4096);
    int err = json_encode(L, -1, &out, NULL, canonical, message, sizeof(message));
    assert_string_equal(message, "");
    assert_int_equal(err, 0);
    assert_int_equal(buf_append_char(&out, '\0'), 0);
    assert_string_equal(out.data, expected);
    buf_close(&out);
    lua_close(L);
}

static void assert_refused(const char *code, int expected_err, const char *expected)
{
    lua_State *L = state_open();
    struct buf out;
    char message[JSON_MESSAGE_MAX] = "";
    run(L, code);
    int top = lua_gettop(L);
    buf_open(&out, 4096);
    buf_append_text(&out, "before");
    int err = json_encode(L, -1, &out, NULL, false, message, sizeof(message));
    assert_string_equal(message, expected);
    assert_int_equal(err, expected_err);
    assert_int_equal(out.len, strlen("before"));
    assert_int_equal(out.err, 0);
    assert_int_equal(lua_gettop(L), top);
    err = json_encode(L, -1, &out, NULL, true, message, sizeof(message));
    assert_int_equal(err, expected_err);
    buf_close(&out);
    lua_close(L);
}

static void assert_comes_back(const char *text)
{
    lua_State *L = state_open();
    struct buf out;
    push_text(L, text);
    buf_open(&out, 4096);
    assert_int_equal(json_encode(L, -1, &out, NULL, true, NULL, 0), 0);
    buf_append_char(&out, '\0');
    assert_string_equal(out.data, text);
    buf_close(&out);
    lua_close(L);
}

TEST(json, what_was_read_is_written_again)
{
    assert_comes_back("{\"a\":[1,true,false,null,\"x\"],\"b\":{\"c\":-1.5},\"e\":{}}");
    assert_comes_back("[]");
    assert_comes_back("{}");
    assert_comes_back("[[],{},[[]]]");
    assert_comes_back("[null,1,null]");
    assert_comes_back("\"\\n\\u0001\xc3\xa4\"");
    assert_comes_back("[9223372036854775807,-9223372036854775808]");
    assert_comes_back("{\"\":1,\"a\":2,\"aa\":3,\"b\":4}");
}

TEST(json, numbers_arrive_as_integers_when_they_are_whole)
{
    lua_State *L = state_open();
    push_text(L, "[1, 1.0, 1e2, 1.5]");
    lua_setglobal(L, "v");
    run(L, "assert(math.type(v[1]) == 'integer' and math.type(v[2]) == 'integer')"
           "assert(v[3] == 100 and math.type(v[3]) == 'integer' and v[4] == 1.5)");
    lua_close(L);
}

TEST(json, null_is_the_sentinel)
{
    lua_State *L = state_open();
    push_text(L, "{\"a\":null}");
    lua_setglobal(L, "v");
    run(L, "assert(v.a == json.null and v.b == nil)");
    lua_close(L);
}

TEST(json, dropped_members_do_not_arrive)
{
    lua_State *L = state_open();
    push_text(L, "{\"a\":[1,2],\"b\":1,\"a\":3}");
    lua_setglobal(L, "v");
    run(L, "assert(v.a == 3 and v.b == 1)");
    lua_close(L);
}

TEST(json, tables_with_one_to_n_are_arrays_and_others_objects)
{
    assert_encodes("{1, 2, 3}", "[1,2,3]", false);
    assert_encodes("{}", "{}", false);
    assert_encodes("{a = {}}", "{\"a\":{}}", false);
    assert_encodes("{{x = 1}, {}}", "[{\"x\":1},{}]", false);
    assert_encodes("json.array {}", "[]", false);
    assert_encodes("json.array { [1] = 1, [4] = 2 }", "[1,null,null,2]", false);
    assert_encodes("json.array()", "[]", false);
    assert_encodes("{json.null}", "[null]", false);
}

TEST(json, floats_with_whole_values_are_written_as_integers)
{
    assert_encodes("{1.0, -0.0, 2^53, -2^53, 0.5, 1e300}",
                   "[1,0,9007199254740992,-9007199254740992,0.5,1e+300]", false);
    assert_encodes("{math.maxinteger, math.mininteger}",
                   "[9223372036854775807,-9223372036854775808]", false);
}

TEST(json, schema_says_which_empty_table_is_an_array)
{
    lua_State *L = state_open();
    struct json_doc doc;
    struct schema *schema = NULL;
    struct schema_error error;
    struct buf out;
    json_open(&doc);
    assert_int_equal(json_parse(&doc,
                                BYTES("{\"type\":\"object\",\"properties\":{"
                                      "\"list\":{\"type\":\"array\",\"items\":{"
                                      "\"type\":\"array\"}},\"map\":{\"type\":\"object\"}}}"),
                                NULL),
                     0);
    assert_int_equal(schema_new(&schema, &doc, doc.nodes, &error), 0);
    buf_open(&out, 4096);
    run(L, "return {list = {}, map = {}, other = {}}");
    assert_int_equal(json_encode(L, -1, &out, schema, true, NULL, 0), 0);
    run(L, "return {list = {{}, {}}}");
    assert_int_equal(json_encode(L, -1, &out, schema, true, NULL, 0), 0);
    buf_append_char(&out, '\0');
    assert_string_equal(out.data, "{\"list\":[],\"map\":{},\"other\":{}}{\"list\":[[],[]]}");
    buf_close(&out);
    schema_free(schema);
    json_close(&doc);
    lua_close(L);
}

TEST(json, canonical_sorts_members_at_every_depth)
{
    assert_encodes("{b = {z = 1, y = {}, x = {q = 1, p = 2}}, a = 1, ab = 2, A = 3}",
                   "{\"A\":3,\"a\":1,\"ab\":2,\"b\":{\"x\":{\"p\":2,\"q\":1},\"y\":{},\"z\":1}}",
                   true);
}

TEST(json, no_metamethod_is_called)
{
    assert_encodes("setmetatable({a = 1}, {__index = error, __pairs = error, __len = error, "
                   "__tostring = error, __name = 1})",
                   "{\"a\":1}", false);
    assert_encodes("setmetatable({1, 2}, {__index = error, __len = error})", "[1,2]", false);
}

TEST(json, what_has_no_json_form_is_named_by_its_path)
{
    assert_refused("return {items = {1, 2, {x = print}}}", ERR_INVALID,
                   "items[3].x: a function has no JSON form");
    assert_refused("return print", ERR_INVALID, "a function has no JSON form");
    assert_refused("return {a = {b = 0/0}}", ERR_INVALID,
                   "a.b: NaN and infinities have no JSON form");
    assert_refused("return {1/0}", ERR_INVALID, "[1]: NaN and infinities have no JSON form");
    assert_refused("return {a = '\\xff'}", ERR_UTF8,
                   "a: the string is not UTF-8 (bytes go as base64url)");
    assert_refused("return {['\\xff'] = 1}", ERR_UTF8,
                   "?: the string is not UTF-8 (bytes go as base64url)");
    assert_refused("return {a = io.stdout}", ERR_INVALID, "a: a userdata has no JSON form");
    assert_refused("return {a = coroutine.create(print)}", ERR_INVALID,
                   "a: a coroutine has no JSON form");
    assert_refused("return {a = {}, b = {c = {[2] = 1}}}", ERR_INVALID,
                   "b.c: only the keys 1 to n or strings have a JSON form");
    assert_refused("return {[true] = 1}", ERR_INVALID,
                   "only the keys 1 to n or strings have a JSON form");
    assert_refused("return {[1.5] = 1}", ERR_INVALID,
                   "only the keys 1 to n or strings have a JSON form");
}

TEST(json, mixed_keys_are_refused_whichever_comes_first)
{
    lua_State *L = state_open();
    struct buf out;
    buf_open(&out, 4096);
    for (int i = 0; i < 50; i++) {
        lua_pushfstring(L, "return {['k%d'] = 1, [1] = 2}", i);
        run(L, lua_tostring(L, -1));
        assert_int_equal(json_encode(L, -1, &out, NULL, i % 2 == 0, NULL, 0), ERR_INVALID);
        lua_settop(L, 0);
    }
    buf_close(&out);
    lua_close(L);
}

TEST(json, circles_end_at_the_depth_limit)
{
    lua_State *L = state_open();
    struct buf out;
    buf_open(&out, 4096);
    run(L, "local t = {} t.t = t return t");
    assert_int_equal(json_encode(L, -1, &out, NULL, false, NULL, 0), ERR_DEPTH);
    run(L, "local t = {} for i = 1, 31 do t = {t} end return t");
    assert_int_equal(json_encode(L, -1, &out, NULL, false, NULL, 0), 0);
    run(L, "local t = {} for i = 1, 32 do t = {t} end return t");
    assert_int_equal(json_encode(L, -1, &out, NULL, false, NULL, 0), ERR_DEPTH);
    buf_close(&out);
    lua_close(L);
}

TEST(json, maximum_of_the_buffer_is_kept)
{
    lua_State *L = state_open();
    struct buf out;
    char message[JSON_MESSAGE_MAX];
    const char *const values[] = {"string.rep('x', 100)", "{1,2,3,4,5,6,7,8,9,10,11,12,13,14,15}",
                                  "json.array {[1 << 62] = 1}", "{a = {b = {c = {d = {}}}}}"};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        lua_pushfstring(L, "return %s", values[i]);
        run(L, lua_tostring(L, -1));
        buf_open(&out, 20);
        assert_int_equal(json_encode(L, -1, &out, NULL, true, message, sizeof(message)),
                         ERR_TOO_LARGE);
        assert_int_equal(out.len, 0);
        buf_close(&out);
    }
    lua_close(L);
}

TEST(json, no_memory_is_told_wherever_it_ends)
{
    lua_State *L = state_open();
    run(L, "return {a = {b = 1, c = {string.rep('x', 3000)}}, d = {e = 1}}");
    int err = ERR_NOMEM;
    unsigned failures = 0;
    for (unsigned nth = 1; err == ERR_NOMEM && nth < 100; nth++) {
        struct buf out;
        buf_open(&out, 8192);
        mem_fault_after(nth);
        err = json_encode(L, -1, &out, NULL, true, NULL, 0);
        mem_fault_after(0);
        assert_true(err == 0 || err == ERR_NOMEM);
        failures += err ? 1 : 0;
        buf_close(&out);
    }
    assert_int_equal(err, 0);
    assert_true(failures >= 3);
    lua_close(L);
}

TEST(json, lib_reads_and_writes_text)
{
    lua_State *L = state_open();
    run(L, "assert(json.encode { a = 1 } == '{\"a\":1}')"
           "assert(json.decode('[1,{}]')[1] == 1)"
           "assert(json.canonical { b = 1, a = 2 } == '{\"a\":2,\"b\":1}')"
           "assert(json.encode(json.decode('[]')) == '[]')"
           "assert(json.decode('null') == json.null)");
    run(L,
        "local v, e = json.decode('[1,') assert(v == nil and e.message:find('well formed at byte "
        "4'))"
        "local v, e = json.decode(string.rep('[', 100)) assert(v == nil and e.message:find('deep'))"
        "local v, e = json.decode(string.rep(' ', 2^20 + 1)) assert(v == nil and e.type == "
        "'too_large')");
    run(L, "local ok, e = pcall(json.encode, { a = print }) assert(not ok and e:find('a: a func'))"
           "assert(not pcall(json.encode)) assert(not pcall(json.decode, {}))"
           "assert(not pcall(json.array, setmetatable({}, {})))"
           "assert(not pcall(json.encode, string.rep('x', 2^20)))"
           "local t = {} assert(json.array(t) == t and json.array(t) == t)"
           "assert(getmetatable(t) == false)");
    lua_close(L);
}

TEST_MAIN
