/*
 * Passwords wait for the pool:
 *
 *     password_hash -> start_wait -> (pool) -> wait_cb -> finish_hash
 *
 * A wait is in its state's list until wait_cb. A state that closes first takes
 * itself out of its waits, so that nobody is resumed who is not there.
 */
#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/crypto/crypto.h"
#include "lua/api_crypto_private.h"
#include "lua/cell.h"
#include "lua/gate.h"

#include <lauxlib.h>
#include <string.h>

#define STATE_TYPE "mesh.crypto.state"

struct crypto_state {
    const struct crypto_env *env;
    struct wait *waits; /* a list without order */
    unsigned count;
};

struct wait {
    struct crypto_state *state; /* NULL: closed meanwhile */
    struct wait *prev;
    struct wait *next;
    const struct crypto_env *env;
    struct ticket ticket;
    int err;
    char hash[PASSWORD_HASH_SIZE];
};

static int finish_hash(lua_State *L, void *result);
static int finish_verify(lua_State *L, void *result);
static void wait_cb(void *ctx, int err, const char *hash);
static void wait_free(void *result);

static int state_gc(lua_State *L)
{
    struct crypto_state *state = lua_touserdata(L, 1);
    for (struct wait *wait = state->waits; wait != NULL; wait = wait->next) {
        wait->state = NULL;
    }
    state->waits = NULL;
    return 0;
}

void api_crypto_push_state(lua_State *L, const struct crypto_env *env)
{
    struct crypto_state *state = lua_newuserdatauv(L, sizeof(*state), 0); /* state */
    *state = (struct crypto_state){.env = env};
    if (luaL_newmetatable(L, STATE_TYPE)) {
        lua_pushcfunction(L, state_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
}

static struct crypto_state *state_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

const struct crypto_env *api_crypto_env(lua_State *L)
{
    return state_of(L)->env;
}

static void wait_add(struct crypto_state *state, struct wait *wait)
{
    wait->state = state;
    wait->prev = NULL;
    wait->next = state->waits;
    if (state->waits != NULL) {
        state->waits->prev = wait;
    }
    state->waits = wait;
    state->count++;
}

static void wait_remove(struct wait *wait)
{
    struct crypto_state *state = wait->state;
    if (wait->prev != NULL) {
        wait->prev->next = wait->next;
    } else {
        state->waits = wait->next;
    }
    if (wait->next != NULL) {
        wait->next->prev = wait->prev;
    }
    state->count--;
    wait->state = NULL;
}

static void wait_free(void *result)
{
    crypto_wipe(result, sizeof(struct wait));
    mem_free(result);
}

static void wait_cb(void *ctx, int err, const char *hash)
{
    struct wait *wait = ctx;
    if (wait->state == NULL) {
        wait_free(wait);
        return;
    }
    wait_remove(wait);
    wait->err = err;
    memcpy(wait->hash, hash, strlen(hash) + 1);
    task_resume(wait->ticket, wait, wait_free);
}

/* nil and an error that may go to a client as it is. */
static int push_busy(lua_State *L, const struct crypto_env *env)
{
    lua_pushnil(L);
    env->push_error(L, "unavailable", "too many passwords are being checked");
    return 2;
}

static int finish_hash(lua_State *L, void *result)
{
    const struct wait *wait = result;
    if (wait->err) {
        return push_busy(L, wait->env);
    }
    lua_pushstring(L, wait->hash);
    return 1;
}

static int finish_verify(lua_State *L, void *result)
{
    const struct wait *wait = result;
    if (wait->err == ERR_NOMEM) {
        return push_busy(L, wait->env);
    }
    lua_pushboolean(L, wait->err == 0);
    return 1;
}

static struct bytes check_text(lua_State *L, int index, size_t len_max)
{
    struct bytes text;
    luaL_checktype(L, index, LUA_TSTRING);
    text.data = lua_tolstring(L, index, &text.len);
    luaL_argcheck(L, text.len <= len_max, index, "too long");
    return text;
}

/* The ticket comes before the wait is made, since getting it may raise. */
static struct wait *wait_new(lua_State *L, const struct crypto_env *env)
{
    struct ticket ticket = task_ticket(L);
    struct wait *wait = mem_alloc(sizeof(*wait));
    wait->env = env;
    wait->ticket = ticket;
    return wait;
}

/* crypto.password_hash(password) -> hash, or nil, err; waits */
int api_crypto_password_hash(lua_State *L)
{
    struct bytes password = check_text(L, 1, PASSWORD_BYTES_MAX);
    struct crypto_state *state = state_of(L);
    if (state->count >= API_CRYPTO_PASSWORDS_MAX) {
        return push_busy(L, state->env);
    }
    struct wait *wait = wait_new(L, state->env);
    int err = password_hash(state->env->pool, cell_loop(wait->ticket.cell), password,
                            &state->env->password, wait_cb, wait);
    if (err) {
        wait_free(wait);
        return push_busy(L, state->env);
    }
    wait_add(state, wait);
    return task_suspend(L, finish_hash, wait_free);
}

/* crypto.password_verify(hash, password) -> boolean, or nil, err; waits */
int api_crypto_password_verify(lua_State *L)
{
    struct bytes hash = check_text(L, 1, PASSWORD_HASH_SIZE - 1);
    struct bytes password = check_text(L, 2, PASSWORD_BYTES_MAX);
    struct crypto_state *state = state_of(L);
    if (state->count >= API_CRYPTO_PASSWORDS_MAX) {
        return push_busy(L, state->env);
    }
    struct wait *wait = wait_new(L, state->env);
    int err = password_verify(state->env->pool, cell_loop(wait->ticket.cell), hash, password,
                              wait_cb, wait);
    if (err) {
        wait_free(wait);
        return push_busy(L, state->env);
    }
    wait_add(state, wait);
    return task_suspend(L, finish_verify, wait_free);
}
