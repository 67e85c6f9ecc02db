/*
 * How an event ended badly, as one value that travels from cell to cell and to
 * the client: a type of the contract, a message, and further members of
 * error.data. In Lua it is the value that mesh.error makes.
 */
#ifndef LUA_FAILURE_H
#define LUA_FAILURE_H

#include "host/base/buf.h"
#include "host/session/rpc.h"

#include <lua.h>

#define FAILURE_DATA_MAX 8192

struct failure {
    enum rpc_code code; /* 0: none */
    char message[RPC_MESSAGE_BYTES_MAX];
    char kind[32];   /* "guard", "constraint": for the plugin only, `conflict` outside; else "" */
    struct buf data; /* `"path":"/x"`: members of error.data as JSON, may be empty */
};

void failure_open(struct failure *failure);
void failure_close(struct failure *failure);
/* Sets code and message; data stays. */
void failure_set(struct failure *failure, enum rpc_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds a member to data. */
void failure_add_text(struct failure *failure, const char *name, struct bytes value);
void failure_add_integer(struct failure *failure, const char *name, int64_t value);
/* The code for one of our ERR_ codes: what a host call that failed means to a client. */
enum rpc_code failure_code_of(int err);

/* Pushes nil and the error value, gives 2: `return failure_return(L, ...)` from a host function. */
int failure_return(lua_State *L, enum rpc_code code, const char *message);
/* Pushes the error value alone. */
void failure_push(lua_State *L, const struct failure *failure);
/* Reads an error value at index; false when it is none. Raises without memory. */
bool failure_read(lua_State *L, int index, struct failure *failure);
/* mesh.error(type, message, data) -> error */
int failure_make(lua_State *L);
/* Makes the metatable; once a cell. */
void failure_open_lib(lua_State *L);

#endif
