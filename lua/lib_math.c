/* Lua's own math, seeded from the system; its seeding would tell an address. */
#include "lua/cell_private.h"

#include <sys/random.h>

/* math.randomseed([x [, y]]): without arguments from the system; tells nothing. */
static int randomseed(lua_State *L)
{
    lua_Integer seed[2];
    lua_settop(L, 2);
    if (lua_isnil(L, 1)) {
        if (getrandom(seed, sizeof(seed), 0) != sizeof(seed)) {
            return luaL_error(L, "no random bytes");
        }
        lua_settop(L, 0);
        lua_pushinteger(L, seed[0]);
        lua_pushinteger(L, seed[1]);
    } else if (lua_isnil(L, 2)) {
        lua_settop(L, 1);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 0);
    return 0;
}

int lib_math_open(lua_State *L)
{
    lua_pushcfunction(L, luaopen_math);
    lua_call(L, 0, 1);
    lua_getfield(L, -1, "randomseed");
    lua_pushcclosure(L, randomseed, 1);
    lua_pushvalue(L, -1);
    lua_call(L, 0, 0);
    lua_setfield(L, -2, "randomseed");
    lua_setglobal(L, "math");
    return 0;
}
