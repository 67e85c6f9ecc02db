/*
 * The names of a statement's parameters, :name, in the order SQLite numbers
 * them. They are found once a text and kept by the cell.
 */
#ifndef LUA_SQL_NAMES_H
#define LUA_SQL_NAMES_H

#include <lua.h>

void sql_names_open(lua_State *L);
/* Pushes the list of names of the SQL text at index; raises on names that cannot be. */
void sql_names_push(lua_State *L, int sql_index);

#endif
