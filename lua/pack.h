/*
 * Plain data carried between the states of two cells, as bytes: bus events,
 * exported calls, saved state, values of the key-value store. Plain data is
 * nil, booleans, numbers, strings, mesh.null, and tables of them without
 * circles; a table met twice arrives as two. That a table is marked as a JSON
 * array is kept, other metatables are not looked at.
 *
 *     value  = 'n' | 'f' | 't' | '0' (null) | 'i' zigzag varint | 'd' 8 bytes
 *            | 's' varint bytes | ('a' | 'T') varint items, varint pairs, items, pairs
 */
#ifndef LUA_PACK_H
#define LUA_PACK_H

#include "host/base/buf.h"

#include <lua.h>

#define PACK_DEPTH_MAX 64
#define PACK_NODES_MAX 100000
#define PACK_BYTES_MAX (1U << 20) /* what callers open their buffers with */
#define PACK_MESSAGE_MAX 256

/*
 * Appends the value at index. 0, or with out as it was before: ERR_INVALID (no
 * plain data), ERR_DEPTH (circles too), ERR_TOO_LARGE (nodes, or out's maximum),
 * ERR_NOMEM; message (may be NULL) says where and why. Never raises and calls no metamethod.
 */
int pack_write(lua_State *L, int index, struct buf *out, char *message, size_t message_size);

/*
 * Pushes the value that the bytes are. 0, or ERR_SYNTAX, ERR_DEPTH,
 * ERR_TOO_LARGE with nothing pushed, whatever the bytes. Raises without memory only.
 */
int pack_push(lua_State *L, struct bytes in);

#endif
