/*
 * Reads the options tables that authors pass to registrations: raw access, and
 * errors that name the option. Everything raises on misuse.
 */
#ifndef LUA_OPTIONS_H
#define LUA_OPTIONS_H

#include "lua/wiring.h"

#include <lua.h>

/* For all: index of the options table; absent (nil) tables read as empty. */

/* Pushes a member, nil when it is absent, and gives its type. No code runs, so what was read lives
 * as long as the table. */
int options_member(lua_State *L, int index, const char *name);
bool options_flag(lua_State *L, int index, const char *name, bool otherwise);
double options_number(lua_State *L, int index, const char *name, double otherwise);
/* Lends a string member while the table lives; NULL when absent. */
const char *options_text(lua_State *L, int index, const char *name);
/* Copies a list of strings into list (of an entry, so it is freed with it). */
void options_list(lua_State *L, int index, const char *name, struct text_list *list);
/* Compiles the schema member into *out, if there. */
void options_schema(lua_State *L, int index, const char *name, struct schema **out);
/* All plain members as JSON text for the documents, to be freed; NULL if there are none. */
char *options_document(lua_State *L, int index);

#endif
