/*
 * mesh.crypto: the host's cryptography for plugins. Keys that the host keeps
 * are derived by plugin and name, so a plugin names its keys and never sees one.
 */
#ifndef LUA_API_CRYPTO_H
#define LUA_API_CRYPTO_H

#include "host/crypto/keyring.h"
#include "host/crypto/password.h"

#include <lua.h>

struct pool;

#define API_CRYPTO_BYTES_MAX (1U << 20) /* one argument */
#define API_CRYPTO_RANDOM_MAX 65536
#define API_CRYPTO_KEY_NAME_MAX 64
#define API_CRYPTO_PASSWORDS_MAX 64 /* of one cell, waiting for the pool or running */

/* What the functions work with; it outlives the state. */
struct crypto_env {
    struct pool *pool; /* for passwords */
    struct keyring *keyring;
    const char *plugin; /* whose keys */
    struct password_options password;
    /* Pushes the error value of the plugin API of this type ("unavailable", "invalid_params"). */
    void (*push_error)(lua_State *L, const char *type, const char *message);
};

/*
 * Pushes the table for mesh.crypto, on a state of a cell. Passwords still in
 * the pool when the state is closed finish there and are forgotten.
 */
void api_crypto_push(lua_State *L, const struct crypto_env *env);

#endif
