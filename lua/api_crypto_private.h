/* What the two files of mesh.crypto share. */
#ifndef LUA_API_CRYPTO_PRIVATE_H
#define LUA_API_CRYPTO_PRIVATE_H

#include "lua/api_crypto.h"

/* Pushes the userdata that is the first upvalue of every function. */
void api_crypto_push_state(lua_State *L, const struct crypto_env *env);
/* Inside such a function. */
const struct crypto_env *api_crypto_env(lua_State *L);

int api_crypto_password_hash(lua_State *L);
int api_crypto_password_verify(lua_State *L);

#endif
