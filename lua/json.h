/*
 * Lua values and JSON. Reading pushes a parsed document as plain tables;
 * writing goes by raw access only, so no code of a plugin runs in the middle.
 *
 * JSON null is the light userdata NULL. Arrays carry a metatable of the state,
 * so an empty one is still an array when it is written again.
 */
#ifndef LUA_JSON_H
#define LUA_JSON_H

#include "host/base/json.h"
#include "host/base/schema.h"

#include <lua.h>

#define JSON_LIB_BYTES_MAX (1U << 20) /* text that mesh.json reads or writes */
#define JSON_LIB_NODES_MAX 100000
#define JSON_MESSAGE_MAX 256 /* room for the longest message of json_encode */

/* Pushes the value at node, without what is JSON_DROPPED. Raises only without memory. */
void json_push(lua_State *L, const struct json_doc *doc, const struct json_node *node);

/*
 * Appends the value at index as JSON. 0, or with out as it was before:
 * ERR_INVALID (has no JSON form), ERR_DEPTH (over JSON_DEPTH_MAX, cycles too),
 * ERR_UTF8, ERR_TOO_LARGE (out's maximum), ERR_NOMEM; and in message (may be
 * NULL) where and why: "items[3].x: a function has no JSON form". Never raises and calls
 * no metamethod, so out may be anything's.
 *
 * A table with exactly the keys 1 to n, one marked as array (holes are null),
 * or an empty one where schema (may be NULL) wants an array, is an array; any
 * other is an object and has string keys only. A float with a whole value
 * within 2^53 is written as an integer. canonical: members sorted by bytes.
 */
int json_encode(lua_State *L, int index, struct buf *out, const struct schema *schema,
                bool canonical, char *message, size_t message_size);

/* Pushes the metatable of arrays; made at the first call. */
void json_push_array_metatable(lua_State *L);
/* True when the table at index carries it. */
bool json_is_array(lua_State *L, int index);

/*
 * Pushes the table for mesh.json: encode(v) and canonical(v) (raise on what has
 * no JSON form), decode(text) -> value, or nil and an error value; array(t) -> t; null.
 */
void json_open_lib(lua_State *L);

#endif
