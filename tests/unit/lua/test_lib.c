/* Our libraries against Lua's own: each expression gives the same in both. */
#include "tests/unit/lua/cells.h"

#include <lualib.h>

/* Text of all results, or of the error without its place. */
#define SHOW                                                                                       \
    "local function show(...) local t = {...} local n = select('#', ...)\n"                        \
    "for i = 1, n do t[i] = type(t[i]) .. ':' .. tostring(t[i]) end\n"                             \
    "return table.concat(t, ' ') end\n"                                                            \
    "return (show(pcall(function() return "

static const char *stock(const char *expression)
{
    static char result[256];
    char source[4096];
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    snprintf(source, sizeof(source), SHOW "%s end)):gsub('%%S*:%%d+: ', ''))", expression);
    if (luaL_loadbuffer(L, source, strlen(source), "=stock") || lua_pcall(L, 0, 1, 0)) {
        print_error("%s\n", lua_tostring(L, -1));
    }
    snprintf(result, sizeof(result), "%s", lua_tostring(L, -1));
    lua_close(L);
    return result;
}

static void check_all(const char *const *expressions, size_t count)
{
    struct cell *cell = open_cell();
    int different = 0;
    for (size_t i = 0; i < count; i++) {
        char source[4096];
        snprintf(source, sizeof(source), SHOW "%s end)):gsub('%%S*:%%d+: ', ''))", expressions[i]);
        const char *ours = evaluate(cell, source);
        const char *theirs = stock(expressions[i]);
        if (strcmp(ours, theirs) != 0) {
            print_error("%s\n  ours   %s\n  theirs %s\n", expressions[i], ours, theirs);
            different++;
        }
    }
    assert_int_equal(different, 0);
    cell_free(cell);
}
#define CHECK_ALL(list) check_all(list, sizeof(list) / sizeof(list[0]))

TEST(lib, patterns_match_as_in_lua)
{
    static const char *const list[] = {
        "('hello world'):find('o w')",
        "('hello world'):find('l+')",
        "('hello'):find('')",
        "('hello'):find('', 6)",
        "('hello'):find('', 7)",
        "('hello'):find('l', -2)",
        "('a.b'):find('.', 2, true)",
        "('a.b'):find('%.')",
        "('key = value'):match('^(%w+)%s*=%s*(%w+)$')",
        "('  trim  '):match('^%s*(.-)%s*$')",
        "('abc'):match('()b()')",
        "('[[x]]'):match('%[(%b[])%]')",
        "('f(a(b)c)d'):match('%b()')",
        "('THE (quick) fox'):find('%((%a+)%)')",
        "('abab'):match('(a)(b)%1%2')",
        "('x-y_z'):match('[%w_-]+')",
        "('a]b'):match('[]]')",
        "('a^b'):match('[b^]')",
        "('a-b'):match('[a-]+')",
        "('abc'):match('[^a-b]')",
        "('abc'):match('a?b?c?d?')",
        "('aXb'):match('%u')",
        "('tab\\tend'):match('%c')",
        "('a\\0b'):find('\\0')",
        "('a\\0b'):match('%z')",
        "('a$b'):match('$b')",
        "('ab$'):match('b%$$')",
        "('a*'):match('a%*')",
        "('(x)*'):match('(%(x%))*')",
        "('abc'):match('%')",
        "('abc'):match('[a')",
        "('abc'):match('%b')",
        "('abc'):match('%f')",
        "('abc'):match('(a')",
        "('abc'):match('a)')",
        "('abc'):match('%1')",
        "('aaab'):match('a-b')",
        "('aaab'):match('^(a-)(a*)b')",
        "('one;two;;four'):gsub(';;', ';nil;')",
    };
    CHECK_ALL(list);
}

TEST(lib, replacing_and_iterating_work_as_in_lua)
{
    static const char *const list[] = {
        "('THE (quick) fox'):gsub('%f[%a]%a+', string.lower)",
        "('x=1, y=2'):gsub('(%w+)=(%w+)', '%2=%1')",
        "('abc'):gsub('', '-')",
        "('abc'):gsub('b*', 'x')",
        "('hello world'):gsub('o', '0', 1)",
        "('$name is $age'):gsub('%$(%w+)', {name = 'Lua', age = 5})",
        "('abc'):gsub('%w', '%0%0')",
        "('abc'):gsub('%w', '%1')",
        "('abc'):gsub('a', '%2')",
        "('abc'):gsub('a', '%')",
        "('abc'):gsub('a', function() return {} end)",
        "('abc'):gsub('^a', 'x')",
        "('aaa'):gsub('^a', 'x')",
        "(function() local t = {} for k, v in ('a=1,b=2'):gmatch('(%w)=(%w)') do t[#t+1] = k..v end"
        " return table.concat(t, '|') end)()",
        "(function() local t = {} for w in ('one two'):gmatch('%a*') do t[#t+1] = '<'..w..'>' end"
        " return table.concat(t) end)()",
        "(function() local t = {} for w in ('abc'):gmatch('') do t[#t+1] = 'x' end"
        " return table.concat(t) end)()",
        "(function() local t = {} for w in ('^a^a'):gmatch('^a') do t[#t+1] = w end"
        " return table.concat(t) end)()",
        "(function() local t = {} for w in ('abcd'):gmatch('%w', 3) do t[#t+1] = w end"
        " return table.concat(t) end)()",
    };
    CHECK_ALL(list);
}

TEST(lib, format_writes_as_in_lua)
{
    static const char *const list[] = {
        "('%d %5d|%-5d|%05d|%+d'):format(1, 2, 3, 4, 5)",
        "('%x %X %#x %o'):format(255, 255, 255, 8)",
        "('%s %10s|%-10s|%.2s'):format('a', 'b', 'c', 'defg')",
        "('%5.1f %g %e %a'):format(3.14159, 1e20, 12345.678, 1)",
        "('%c%c'):format(72, 105)",
        "('%q'):format('a\\n\"b\\\\c\\0d\\0001')",
        "('%q %q %q'):format(1, 2.5, math.mininteger)",
        "('%q %q'):format(1/0, -1/0)",
        "('%%'):format()",
        "('%d'):format('10')",
        "('%d'):format(3.5)",
        "('%d'):format('x')",
        "('%s'):format()",
        "('%s %s %s'):format(nil, true, 1.0)",
        "('%s'):format(setmetatable({}, {__tostring = function() return 'me' end}))",
        "('%s'):format(setmetatable({}, {__tostring = function() return 1 end}) and 'x')",
        "('%99.99f'):format(1)",
        "#('%99.99f'):format(-1e308)",
        "#('%s'):format(('x'):rep(1000))",
        "('%5s'):format('a\\0b')",
        "('%i'):format(42)",
    };
    CHECK_ALL(list);
}

TEST(lib, tables_work_as_in_lua)
{
    static const char *const list[] = {
        "table.concat({1, 2, 'x'}, ', ')",
        "table.concat({}, ', ')",
        "table.concat({1, 2, 3}, '-', 2, 3)",
        "table.concat({1, {}, 3})",
        "table.unpack({1, 2, 3})",
        "table.unpack({1, 2, 3}, 2)",
        "table.unpack({1, 2, 3}, -1, 1)",
        "table.pack(1, nil, 3).n",
        "table.remove({1, 2, 3})",
        "table.remove({})",
        "table.remove({1, 2, 3}, 1)",
        "(function() local t = {1, 3} table.insert(t, 2, 2) table.insert(t, 4)"
        " return table.unpack(t) end)()",
        "table.insert({}, 5, 1)",
        "table.insert({}, 1, 2, 3)",
        "table.unpack(table.move({1, 2, 3}, 1, 3, 2))",
        "table.unpack(table.move({1, 2, 3}, 2, 3, 1))",
        "table.unpack(table.move({1, 2, 3}, 1, 3, 1, {9, 9, 9, 9}))",
        "(function() local t = {5, 2, 8, 1, 9, 3, 7, 4, 6, 0, 11, 10} table.sort(t)"
        " return table.concat(t, ' ') end)()",
        "(function() local t = {'b', 'a', 'c'} table.sort(t, function(a, b) return a > b end)"
        " return table.concat(t) end)()",
        "table.sort({1, 'x'})",
        "table.sort({1, 2}, 3)",
    };
    CHECK_ALL(list);
}

TEST(lib, other_functions_work_as_in_lua)
{
    static const char *const list[] = {
        "('x'):rep(3)",
        "('x'):rep(3, ',')",
        "('x'):rep(0)",
        "('x'):rep(-1)",
        "('abc'):byte()",
        "('abc'):byte(2, -1)",
        "('abc'):byte(-10, 10)",
        "('abc'):byte(10)",
        "('abc'):byte(0)",
        "('abc'):byte(3, 2)",
        "string.char(72, 105)",
        "('abc'):upper(), ('ABC'):lower(), ('abc'):reverse(), #'abc', ('abc'):sub(2)",
        "string.unpack('<i4 z', string.pack('<i4 z', 7, 'hi'))",
        "string.packsize('i4 i8')",
        "'10' + 1, '3' * '4', 10 .. 20",
        "tostring(1), tostring(nil), tostring(true), tostring('x'), tostring(2.0)",
        "tostring()",
        "pcall()",
        "pcall(error, 'x')",
        "pcall(error)",
        "xpcall(function(a, b) return a + b end, tostring, 1, 2)",
        "xpcall(error, function(e) return e .. '!' end, 'x')",
        "xpcall(error)",
        "setmetatable({}, {__index = {a = 1}}).a",
        "setmetatable(1, {})",
        "setmetatable({})",
        "getmetatable(setmetatable({}, {__metatable = 5}))",
        "coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end)(1)",
        "coroutine.resume(coroutine.create(function(...) return ... end), 1, nil, 3)",
        "coroutine.resume(coroutine.create(error), 'x')",
        "coroutine.status(coroutine.create(print or tostring))",
        "math.type(1), math.type(1.0), math.floor(2.5), math.max(1, 2)",
        "utf8.len('äb'), utf8.char(228, 98), utf8.codepoint('ä')",
        "tonumber('0x10'), tonumber('z', 36), tonumber(''), tonumber('1e1')",
    };
    CHECK_ALL(list);
}

TEST_MAIN
