#include "host/base/err.h"
#include "host/base/mem.h"
#include "lua/json.h"
#include "lua/pack.h"
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

/* Packs what `code` returns in one state, and checks it as global v in another. */
static void assert_carried(const char *code, const char *check)
{
    lua_State *from = state_open();
    lua_State *to = state_open();
    struct buf out;
    char message[PACK_MESSAGE_MAX] = "";
    buf_open(&out, PACK_BYTES_MAX);
    run(from, code);
    int err = pack_write(from, -1, &out, message, sizeof(message));
    assert_string_equal(message, "");
    assert_int_equal(err, 0);
    lua_close(from);
    assert_int_equal(pack_push(to, buf_bytes(&out)), 0);
    lua_setglobal(to, "v");
    run(to, check);
    buf_close(&out);
    lua_close(to);
}

static void assert_refused(const char *code, int expected_err, const char *expected)
{
    lua_State *L = state_open();
    struct buf out;
    char message[PACK_MESSAGE_MAX] = "";
    buf_open(&out, PACK_BYTES_MAX);
    buf_append_text(&out, "before");
    run(L, code);
    int top = lua_gettop(L);
    assert_int_equal(pack_write(L, -1, &out, message, sizeof(message)), expected_err);
    assert_string_equal(message, expected);
    assert_int_equal(out.len, strlen("before"));
    assert_int_equal(out.err, 0);
    assert_int_equal(lua_gettop(L), top);
    buf_close(&out);
    lua_close(L);
}

TEST(pack, scalars_keep_type_and_value)
{
    assert_carried("return nil", "assert(v == nil)");
    assert_carried("return true", "assert(v == true)");
    assert_carried("return false", "assert(v == false)");
    assert_carried("return json.null", "assert(v == json.null)");
    assert_carried("return 1", "assert(math.type(v) == 'integer' and v == 1)");
    assert_carried("return 1.0", "assert(math.type(v) == 'float' and v == 1)");
    assert_carried("return math.mininteger", "assert(v == math.mininteger)");
    assert_carried("return math.maxinteger", "assert(v == math.maxinteger)");
    assert_carried("return -1", "assert(v == -1)");
    assert_carried("return 1/0", "assert(v == 1/0)");
    assert_carried("return 0/0", "assert(v ~= v)");
    assert_carried("return ''", "assert(v == '')");
    assert_carried("return 'a\\0\\xff'", "assert(v == 'a\\0\\xff')");
}

TEST(pack, tables_keep_items_and_pairs)
{
    assert_carried("return {}", "assert(next(v) == nil)");
    assert_carried("return {1, {2, 'x'}, a = {b = {c = 1}}, [10] = 'ten', [1.5] = 2, [true] = 3}",
                   "assert(v[1] == 1 and v[2][1] == 2 and v[2][2] == 'x' and v.a.b.c == 1)"
                   "assert(v[10] == 'ten' and v[1.5] == 2 and v[true] == 3)"
                   "local n = 0 for _ in pairs(v) do n = n + 1 end assert(n == 6)");
    assert_carried("local t = {} for i = 1, 1000 do t[i] = i end t[500] = nil return t",
                   "for i = 1, 1000 do assert(v[i] == (i ~= 500 and i or nil)) end");
}

TEST(pack, array_mark_is_kept)
{
    assert_carried("return {a = json.array {}, b = {}}",
                   "assert(json.encode(v.a) == '[]' and json.encode(v.b) == '{}')");
}

TEST(pack, other_metatables_are_left_behind)
{
    assert_carried("return setmetatable({1}, {__index = error, __len = error, __pairs = error})",
                   "assert(v[1] == 1 and getmetatable(v) == nil)");
}

TEST(pack, what_is_not_plain_is_refused_with_its_name)
{
    assert_refused("return print", ERR_INVALID, "a function is not plain data");
    assert_refused("return {a = {handler = print}}", ERR_INVALID,
                   "\"handler\": a function is not plain data");
    assert_refused("return {a = {io.stdout}}", ERR_INVALID, "\"a\": a userdata is not plain data");
    assert_refused("return {coroutine.create(print)}", ERR_INVALID,
                   "a coroutine is not plain data");
    assert_refused("return {[{}] = 1}", ERR_INVALID, "a key is no string, number or boolean");
}

TEST(pack, circles_depth_count_and_size_are_bounded)
{
    assert_refused("local t = {} t[1] = t return t", ERR_DEPTH,
                   "tables inside each other too deeply, or in a circle");
    assert_refused("local t = {} for i = 1, 64 do t = {t} end return t", ERR_DEPTH,
                   "tables inside each other too deeply, or in a circle");
    assert_carried("local t = {} for i = 1, 63 do t = {t} end return t",
                   "for i = 1, 63 do v = v[1] end assert(next(v) == nil)");
    assert_refused("local t = {} for i = 1, 100000 do t[i] = true end return t", ERR_TOO_LARGE,
                   "too many values");
    assert_carried("local t = {} for i = 1, 99999 do t[i] = true end return t",
                   "assert(#v == 99999)");
    assert_carried("local t = {} for i = 1, 49999 do t[-i] = true end return t",
                   "assert(v[-49999])");
    assert_refused("return {string.rep('x', 2^20)}", ERR_TOO_LARGE, "too large");
}

TEST(pack, no_memory_is_told)
{
    lua_State *L = state_open();
    struct buf out;
    run(L, "return {string.rep('x', 1000)}");
    buf_open(&out, PACK_BYTES_MAX);
    mem_fault_after(1);
    assert_int_equal(pack_write(L, -1, &out, NULL, 0), ERR_NOMEM);
    mem_fault_after(0);
    assert_int_equal(pack_write(L, -1, &out, NULL, 0), 0);
    buf_close(&out);
    lua_close(L);
}

static void assert_no_pack(struct bytes in, int expected_err)
{
    lua_State *L = state_open();
    /* A copy of exactly this size, so that reading past it is seen. */
    char *copy = mem_alloc(in.len);
    memcpy(copy, in.data, in.len);
    assert_int_equal(pack_push(L, (struct bytes){copy, in.len}), expected_err);
    assert_int_equal(lua_gettop(L), 0);
    mem_free(copy);
    lua_close(L);
}

TEST(pack, bytes_that_are_none_push_nothing)
{
    assert_no_pack(BYTES(""), ERR_SYNTAX);
    assert_no_pack(BYTES("x"), ERR_SYNTAX);
    assert_no_pack(BYTES("nn"), ERR_SYNTAX);
    assert_no_pack(BYTES("i"), ERR_SYNTAX);
    assert_no_pack(BYTES("i\x80"), ERR_SYNTAX);
    assert_no_pack(BYTES("i\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), ERR_SYNTAX);
    assert_no_pack(BYTES("d1234567"), ERR_SYNTAX);
    assert_no_pack(BYTES("s\x05zzzz"), ERR_SYNTAX);
    assert_no_pack(BYTES("s\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01zzzz"), ERR_SYNTAX);
    assert_no_pack(BYTES("T\x02\0n"), ERR_SYNTAX);
    assert_no_pack(BYTES("T\0\x01nt"), ERR_SYNTAX);     /* nil as a key */
    assert_no_pack(BYTES("T\0\x01T\0\0t"), ERR_SYNTAX); /* a table as a key */
    assert_no_pack(BYTES("T\0\x01"
                         "d\0\0\0\0\0\0\xf8\x7ft"),
                   ERR_SYNTAX); /* NaN as a key */
    assert_no_pack(BYTES("T\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\0"), ERR_SYNTAX);
}

TEST(pack, nested_promises_of_items_are_counted_together)
{
    /* Each of two tables promises 60,000 items and there are bytes enough for one. */
    char bytes[70000];
    memset(bytes, 'n', sizeof(bytes));
    memcpy(bytes, "T\xe0\xd4\x03\0T\xe0\xd4\x03\0", 10);
    assert_no_pack((struct bytes){bytes, sizeof(bytes)}, ERR_TOO_LARGE);
}

TEST(pack, depth_of_bytes_is_bounded)
{
    char bytes[65 * 3 + 1];
    for (size_t i = 0; i < 65; i++) {
        memcpy(bytes + i * 3, "T\x01\0", 3);
    }
    bytes[sizeof(bytes) - 1] = 'n';
    assert_no_pack((struct bytes){bytes, sizeof(bytes)}, ERR_DEPTH);
}

TEST(pack, every_damage_of_one_byte_is_survived)
{
    lua_State *L = state_open();
    struct buf out;
    buf_open(&out, PACK_BYTES_MAX);
    run(L, "return {1, 'two', {3.5, [true] = json.null}, name = {deep = json.array {}}}");
    assert_int_equal(pack_write(L, -1, &out, NULL, 0), 0);
    lua_settop(L, 0);
    for (size_t at = 0; at < out.len; at++) {
        char was = out.data[at];
        for (unsigned value = 0; value < 256; value++) {
            out.data[at] = (char)value;
            int err = pack_push(L, buf_bytes(&out));
            assert_int_equal(lua_gettop(L), err ? 0 : 1);
            lua_settop(L, 0);
        }
        out.data[at] = was;
        assert_int_not_equal(pack_push(L, (struct bytes){out.data, at}), 0);
    }
    buf_close(&out);
    lua_close(L);
}

TEST_MAIN
