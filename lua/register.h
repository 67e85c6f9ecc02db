/* What the registering functions of all areas share. */
#ifndef LUA_REGISTER_H
#define LUA_REGISTER_H

#include "lua/wiring.h"

#include <lua.h>

#define REGISTER_NAME_MAX 128

/*
 * Adds an entry named by the string at name_index to the starting cell's
 * wiring and lends it until the next; raises outside start(), on a bad or
 * repeated name, and past the maximum.
 */
struct entry *register_entry(lua_State *L, enum entry_kind kind, int name_index);
/* Makes the function at index the handler of the entry added last. */
void register_handler(lua_State *L, int index);

#endif
