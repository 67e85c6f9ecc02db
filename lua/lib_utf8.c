/* Lua's own utf8: its loops are over strings whose length is limited, and keep nothing. */
#include "lua/cell_private.h"

int lib_utf8_open(lua_State *L)
{
    lua_pushcfunction(L, luaopen_utf8);
    lua_call(L, 0, 1);
    lua_setglobal(L, "utf8");
    return 0;
}
