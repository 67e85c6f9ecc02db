#include "lua/api_crypto.h"

#include "host/crypto/box.h"
#include "host/crypto/crypto.h"
#include "host/crypto/hash.h"
#include "host/crypto/otp.h"
#include "host/crypto/random.h"
#include "host/crypto/seal.h"
#include "host/crypto/sign.h"
#include "lua/api_crypto_private.h"

#include <lauxlib.h>

/* ---- arguments ---- */

static struct bytes check_bytes(lua_State *L, int index)
{
    struct bytes bytes;
    luaL_checktype(L, index, LUA_TSTRING); /* a number would be a mistake */
    bytes.data = lua_tolstring(L, index, &bytes.len);
    luaL_argcheck(L, bytes.len <= API_CRYPTO_BYTES_MAX, index, "at most 1 MiB expected");
    return bytes;
}

static struct bytes optional_bytes(lua_State *L, int index)
{
    return lua_isnoneornil(L, index) ? BYTES_NONE : check_bytes(L, index);
}

/* A key, signature or seed of exactly this size. */
static const uint8_t *check_sized(lua_State *L, int index, size_t len)
{
    struct bytes bytes = check_bytes(L, index);
    if (bytes.len != len) {
        luaL_argerror(L, index, lua_pushfstring(L, "%d bytes expected", (int)len));
    }
    return (const uint8_t *)bytes.data;
}

static struct bytes check_key_name(lua_State *L, int index)
{
    struct bytes name = check_bytes(L, index);
    luaL_argcheck(L, name.len >= 1 && name.len <= API_CRYPTO_KEY_NAME_MAX, index,
                  "a key name of 1 to 64 bytes expected");
    return name;
}

static void push_raw(lua_State *L, const uint8_t *data, size_t len)
{
    lua_pushlstring(L, (const char *)data, len);
}

/* Bytes that are not what they should be are an expected failure, not a mistake of the plugin's. */
static int push_invalid(lua_State *L, const char *why)
{
    lua_pushnil(L);
    api_crypto_env(L)->push_error(L, "invalid_params", why);
    return 2;
}

static int push_refused(lua_State *L)
{
    return push_invalid(L, "does not decrypt");
}

/* Memory of the state's, so that nothing is left over when a later call raises. */
static uint8_t *push_room(lua_State *L, size_t len)
{
    return lua_newuserdatauv(L, len, 0);
}

/* ---- random, hashes ---- */

/* crypto.random(n) -> bytes */
static int lib_random(lua_State *L)
{
    lua_Integer len = luaL_checkinteger(L, 1);
    luaL_argcheck(L, len >= 1 && len <= API_CRYPTO_RANDOM_MAX, 1, "1 to 65536 expected");
    uint8_t *room = push_room(L, (size_t)len);
    random_fill(room, (size_t)len);
    push_raw(L, room, (size_t)len);
    crypto_wipe(room, (size_t)len);
    return 1;
}

/* crypto.hash(bytes, n?) -> n bytes */
static int lib_hash(lua_State *L)
{
    struct bytes in = check_bytes(L, 1);
    lua_Integer len = luaL_optinteger(L, 2, 32);
    luaL_argcheck(L, len >= HASH_BLAKE2B_BYTES_MIN && len <= HASH_BLAKE2B_BYTES_MAX, 2,
                  "16 to 64 expected");
    uint8_t out[HASH_BLAKE2B_BYTES_MAX];
    hash_blake2b(out, (size_t)len, in);
    push_raw(L, out, (size_t)len);
    return 1;
}

/* crypto.sha256(bytes) -> 32 bytes */
static int lib_sha256(lua_State *L)
{
    uint8_t out[HASH_SHA256_BYTES];
    hash_sha256(out, check_bytes(L, 1));
    push_raw(L, out, sizeof(out));
    return 1;
}

static void derive(lua_State *L, struct bytes name, uint8_t key[KEYRING_KEY_BYTES])
{
    const struct crypto_env *env = api_crypto_env(L);
    keyring_derive(env->keyring, env->plugin, name, key);
}

/* crypto.mac(key_name, bytes) -> 32 bytes */
static int lib_mac(lua_State *L)
{
    struct bytes name = check_key_name(L, 1);
    struct bytes in = check_bytes(L, 2);
    uint8_t key[KEYRING_KEY_BYTES];
    uint8_t out[HASH_MAC_BYTES];
    derive(L, name, key);
    hash_mac(out, key, in);
    crypto_wipe(key, sizeof(key));
    push_raw(L, out, sizeof(out));
    return 1;
}

/* crypto.equal(a, b) -> boolean, in constant time */
static int lib_equal(lua_State *L)
{
    lua_pushboolean(L, crypto_equal(check_bytes(L, 1), check_bytes(L, 2)));
    return 1;
}

/* ---- one-time codes ---- */

static lua_Integer option(lua_State *L, const char *name, lua_Integer otherwise, lua_Integer least,
                          lua_Integer most)
{
    if (lua_isnoneornil(L, 3)) {
        return otherwise;
    }
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_pushstring(L, name);
    lua_rawget(L, 3); /* value */
    lua_Integer value = luaL_optinteger(L, -1, otherwise);
    lua_pop(L, 1);
    if (value < least || value > most) {
        luaL_argerror(L, 3,
                      lua_pushfstring(L, "%s of %I to %I expected", name, (LUAI_UACINT)least,
                                      (LUAI_UACINT)most));
    }
    return value;
}

/* crypto.totp(secret, ms, {digits, period}) -> code */
static int lib_totp(lua_State *L)
{
    struct bytes secret = check_bytes(L, 1);
    luaL_argcheck(L, secret.len >= 1 && secret.len <= OTP_SECRET_BYTES_MAX, 1,
                  "1 to 128 bytes expected");
    lua_Integer time_ms = luaL_checkinteger(L, 2);
    luaL_argcheck(L, time_ms >= 0, 2, "ms since 1970 expected");
    lua_Integer digits = option(L, "digits", 6, OTP_DIGITS_MIN, OTP_DIGITS_MAX);
    lua_Integer period_s = option(L, "period", 30, 1, 3600);
    char code[OTP_DIGITS_MAX + 1];
    otp_code(code, secret, (uint64_t)(time_ms / 1000 / period_s), (unsigned)digits);
    lua_pushstring(L, code);
    return 1;
}

/* ---- under a key that the host keeps ---- */

/* crypto.seal(key_name, plain, ad?) -> sealed */
static int lib_seal(lua_State *L)
{
    struct bytes name = check_key_name(L, 1);
    struct bytes plain = check_bytes(L, 2);
    struct bytes ad = optional_bytes(L, 3);
    uint8_t *room = push_room(L, plain.len + SEAL_OVERHEAD);
    uint8_t key[KEYRING_KEY_BYTES];
    derive(L, name, key);
    seal_encrypt(room, key, plain, ad);
    crypto_wipe(key, sizeof(key));
    push_raw(L, room, plain.len + SEAL_OVERHEAD);
    return 1;
}

/* crypto.open(key_name, sealed, ad?) -> plain, or nil and an error */
static int lib_open(lua_State *L)
{
    struct bytes name = check_key_name(L, 1);
    struct bytes sealed = check_bytes(L, 2);
    struct bytes ad = optional_bytes(L, 3);
    if (sealed.len < SEAL_OVERHEAD) {
        return push_refused(L);
    }
    uint8_t *room = push_room(L, sealed.len - SEAL_OVERHEAD);
    uint8_t key[KEYRING_KEY_BYTES];
    derive(L, name, key);
    int err = seal_decrypt(room, key, sealed, ad);
    crypto_wipe(key, sizeof(key));
    if (err) {
        return push_refused(L);
    }
    push_raw(L, room, sealed.len - SEAL_OVERHEAD);
    crypto_wipe(room, sealed.len - SEAL_OVERHEAD);
    return 1;
}

/* ---- under keys of the plugin's own ---- */

/* crypto.secretbox(key, plain) -> box */
static int lib_secretbox(lua_State *L)
{
    const uint8_t *key = check_sized(L, 1, BOX_SECRET_KEY_BYTES);
    struct bytes plain = check_bytes(L, 2);
    uint8_t *room = push_room(L, plain.len + BOX_SECRET_OVERHEAD);
    box_secret_encrypt(room, key, plain);
    push_raw(L, room, plain.len + BOX_SECRET_OVERHEAD);
    return 1;
}

/* crypto.secretbox_open(key, box) -> plain, or nil and an error */
static int lib_secretbox_open(lua_State *L)
{
    const uint8_t *key = check_sized(L, 1, BOX_SECRET_KEY_BYTES);
    struct bytes box = check_bytes(L, 2);
    if (box.len < BOX_SECRET_OVERHEAD) {
        return push_refused(L);
    }
    uint8_t *room = push_room(L, box.len - BOX_SECRET_OVERHEAD);
    if (box_secret_decrypt(room, key, box)) {
        return push_refused(L);
    }
    push_raw(L, room, box.len - BOX_SECRET_OVERHEAD);
    crypto_wipe(room, box.len - BOX_SECRET_OVERHEAD);
    return 1;
}

/* crypto.sign_keypair(seed?) -> public, secret */
static int lib_sign_keypair(lua_State *L)
{
    const uint8_t *seed = lua_isnoneornil(L, 1) ? NULL : check_sized(L, 1, SIGN_SEED_BYTES);
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    uint8_t *secret_key = push_room(L, SIGN_SECRET_BYTES);
    sign_keypair(public_key, secret_key, seed);
    push_raw(L, public_key, sizeof(public_key));
    push_raw(L, secret_key, SIGN_SECRET_BYTES);
    crypto_wipe(secret_key, SIGN_SECRET_BYTES);
    return 2;
}

/* crypto.sign(secret, bytes) -> signature */
static int lib_sign(lua_State *L)
{
    const uint8_t *secret_key = check_sized(L, 1, SIGN_SECRET_BYTES);
    struct bytes in = check_bytes(L, 2);
    uint8_t signature[SIGN_BYTES];
    sign_bytes(signature, secret_key, in);
    push_raw(L, signature, sizeof(signature));
    return 1;
}

/* crypto.verify(public, bytes, signature) -> boolean; a signature of another length is false */
static int lib_verify(lua_State *L)
{
    const uint8_t *public_key = check_sized(L, 1, SIGN_PUBLIC_BYTES);
    struct bytes in = check_bytes(L, 2);
    struct bytes signature = check_bytes(L, 3);
    lua_pushboolean(L, signature.len == SIGN_BYTES &&
                           sign_verify(public_key, in, (const uint8_t *)signature.data) == 0);
    return 1;
}

/* crypto.box_keypair() -> public, secret */
static int lib_box_keypair(lua_State *L)
{
    uint8_t public_key[BOX_KEY_BYTES];
    uint8_t *secret_key = push_room(L, BOX_KEY_BYTES);
    box_keypair(public_key, secret_key);
    push_raw(L, public_key, sizeof(public_key));
    push_raw(L, secret_key, BOX_KEY_BYTES);
    crypto_wipe(secret_key, BOX_KEY_BYTES);
    return 2;
}

/* crypto.box_seal(public, plain) -> sealed, or nil and an error for a key that is none */
static int lib_box_seal(lua_State *L)
{
    const uint8_t *public_key = check_sized(L, 1, BOX_KEY_BYTES);
    struct bytes plain = check_bytes(L, 2);
    uint8_t *room = push_room(L, plain.len + BOX_SEAL_OVERHEAD);
    if (box_seal(room, public_key, plain)) {
        return push_invalid(L, "not a public key");
    }
    push_raw(L, room, plain.len + BOX_SEAL_OVERHEAD);
    return 1;
}

/* crypto.box_open(public, secret, sealed) -> plain, or nil and an error */
static int lib_box_open(lua_State *L)
{
    const uint8_t *public_key = check_sized(L, 1, BOX_KEY_BYTES);
    const uint8_t *secret_key = check_sized(L, 2, BOX_KEY_BYTES);
    struct bytes sealed = check_bytes(L, 3);
    if (sealed.len < BOX_SEAL_OVERHEAD) {
        return push_refused(L);
    }
    uint8_t *room = push_room(L, sealed.len - BOX_SEAL_OVERHEAD);
    if (box_open(room, public_key, secret_key, sealed)) {
        return push_refused(L);
    }
    push_raw(L, room, sealed.len - BOX_SEAL_OVERHEAD);
    crypto_wipe(room, sealed.len - BOX_SEAL_OVERHEAD);
    return 1;
}

/* ---- bytes as text ---- */

/* crypto.base64url(bytes) -> text without padding */
static int lib_base64url(lua_State *L)
{
    struct bytes in = check_bytes(L, 1);
    char *room = lua_newuserdatauv(L, BASE64URL_LEN(in.len) + 1, 0);
    lua_pushlstring(L, room, bytes_to_base64url(room, in));
    return 1;
}

/* crypto.base64url_decode(text) -> bytes, or nil and an error */
static int lib_base64url_decode(lua_State *L)
{
    struct bytes in = check_bytes(L, 1);
    char *room = lua_newuserdatauv(L, BASE64URL_BYTES_MAX(in.len), 0);
    long len = bytes_from_base64url(room, in);
    if (len < 0) {
        return push_invalid(L, "not base64url");
    }
    lua_pushlstring(L, room, (size_t)len);
    return 1;
}

/* crypto.hex(bytes) -> text */
static int lib_hex(lua_State *L)
{
    struct bytes in = check_bytes(L, 1);
    char *room = lua_newuserdatauv(L, HEX_LEN(in.len) + 1, 0);
    lua_pushlstring(L, room, bytes_to_hex(room, in));
    return 1;
}

static const luaL_Reg lib[] = {
    {"random", lib_random},
    {"hash", lib_hash},
    {"sha256", lib_sha256},
    {"mac", lib_mac},
    {"equal", lib_equal},
    {"totp", lib_totp},
    {"seal", lib_seal},
    {"open", lib_open},
    {"secretbox", lib_secretbox},
    {"secretbox_open", lib_secretbox_open},
    {"sign_keypair", lib_sign_keypair},
    {"sign", lib_sign},
    {"verify", lib_verify},
    {"box_keypair", lib_box_keypair},
    {"box_seal", lib_box_seal},
    {"box_open", lib_box_open},
    {"base64url", lib_base64url},
    {"base64url_decode", lib_base64url_decode},
    {"hex", lib_hex},
    {"password_hash", api_crypto_password_hash},
    {"password_verify", api_crypto_password_verify},
    {NULL, NULL},
};

void api_crypto_push(lua_State *L, const struct crypto_env *env)
{
    luaL_checkstack(L, 6, NULL);
    lua_createtable(L, 0, sizeof(lib) / sizeof(lib[0]));
    api_crypto_push_state(L, env); /* table state */
    luaL_setfuncs(L, lib, 1);
}
