/*
 * The areas of the `mesh` table. Each function pushes the area's table, or adds
 * functions to the table on top of the stack, by what the manifest grants:
 * what is not granted is absent. Documented for authors in sdk/api.md.
 */
#ifndef LUA_API_H
#define LUA_API_H

#include <lua.h>

struct manifest;

/* Add registrations to the table on top: method, event, export, route, command, auth. */
void api_register_add(lua_State *L, const struct manifest *manifest);
/* Adds point and hook. */
void api_hook_add(lua_State *L, const struct manifest *manifest);
/* Adds call. */
void api_call_add(lua_State *L, const struct manifest *manifest);
/* Adds id, now, worker, error, null, limits, plugins, config and the log, limit and metrics tables.
 */
void api_misc_add(lua_State *L, const struct manifest *manifest);
void api_session_push(lua_State *L, const struct manifest *manifest);
void api_bus_push(lua_State *L, const struct manifest *manifest);
void api_db_push(lua_State *L);
void api_timer_push(lua_State *L);

#endif
