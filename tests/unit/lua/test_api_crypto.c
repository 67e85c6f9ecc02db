/* The part of mesh.crypto that answers at once; what waits is tested in a cell. */
#include "host/crypto/crypto.h"
#include "lua/api_crypto.h"
#include "tests/unit/unit.h"

#include <lauxlib.h>
#include <lualib.h>

static void push_error(lua_State *L, const char *type, const char *message)
{
    lua_pushfstring(L, "%s: %s", type, message);
}

static void run_as(struct keyring *keyring, const char *plugin, const char *code)
{
    struct crypto_env env = {.keyring = keyring, .plugin = plugin, .push_error = push_error};
    lua_State *L = luaL_newstate();
    assert_non_null(L);
    luaL_openlibs(L);
    api_crypto_push(L, &env);
    lua_setglobal(L, "c");
    if (luaL_dostring(L, code) != LUA_OK) {
        fail_msg("%s", lua_tostring(L, -1));
    }
    lua_close(L);
}

static void run(const char *code)
{
    assert_int_equal(crypto_open(), 0);
    struct keyring *keyring = keyring_new_random();
    run_as(keyring, "users", code);
    keyring_free(keyring);
}

TEST(api_crypto, hashes_are_the_published_ones)
{
    run("assert(c.hex(c.sha256('abc')):sub(1, 16) == 'ba7816bf8f01cfea')"
        "assert(c.hex(c.hash('abc', 64)):sub(1, 16) == 'ba80a53f981c4d0d')"
        "assert(#c.hash('abc') == 32 and #c.hash('', 16) == 16)");
}

TEST(api_crypto, totp_gives_the_published_codes)
{
    run("local secret = '12345678901234567890'"
        "assert(c.totp(secret, 59000, {digits = 8}) == '94287082')"
        "assert(c.totp(secret, 59999) == '287082' and c.totp(secret, 60000) ~= '287082')"
        "assert(c.totp(secret, 119999, {period = 60}) == '287082')"
        "assert(not pcall(c.totp, '', 0) and not pcall(c.totp, secret, -1))"
        "assert(not pcall(c.totp, secret, 0, {digits = 5}))"
        "assert(not pcall(c.totp, secret, 0, {digits = 9}))"
        "assert(not pcall(c.totp, secret, 0, {period = 0}))");
}

TEST(api_crypto, text_forms_come_back)
{
    run("assert(c.base64url('\\xff\\xfe\\0') == '__4A')"
        "assert(c.base64url_decode('__4A') == '\\xff\\xfe\\0' and c.base64url_decode('') == '')"
        "local v, err = c.base64url_decode('__4A=') assert(v == nil and err:find('invalid_params'))"
        "assert(c.hex('\\0\\xab') == '00ab')");
}

TEST(api_crypto, random_gives_as_many_bytes_as_asked)
{
    run("assert(#c.random(1) == 1 and #c.random(65536) == 65536)"
        "assert(c.random(16) ~= c.random(16))"
        "assert(not pcall(c.random, 0) and not pcall(c.random, 65537))"
        "assert(not pcall(c.random) and not pcall(c.random, 1.5))");
}

TEST(api_crypto, kept_keys_are_of_their_name)
{
    run("assert(c.mac('a', 'x') == c.mac('a', 'x') and c.mac('a', 'x') ~= c.mac('b', 'x'))"
        "assert(#c.mac('a', '') == 32)"
        "local sealed = c.seal('a', 'plain', 'ad')"
        "assert(c.open('a', sealed, 'ad') == 'plain' and #sealed == 45)"
        "assert(not c.open('b', sealed, 'ad') and not c.open('a', sealed))"
        "local v, err = c.open('a', 'short') assert(v == nil and err:find('decrypt'))"
        "assert(not pcall(c.mac, '', 'x') and not pcall(c.mac, string.rep('k', 65), 'x'))");
}

TEST(api_crypto, another_plugin_has_other_keys)
{
    assert_int_equal(crypto_open(), 0);
    struct keyring *keyring = keyring_new_random();
    struct crypto_env env = {.keyring = keyring, .push_error = push_error};
    const char *const plugins[] = {"users", "chat"};
    lua_State *L = luaL_newstate();
    for (int i = 0; i < 2; i++) {
        env.plugin = plugins[i];
        api_crypto_push(L, &env);
        lua_getfield(L, -1, "mac");
        lua_pushliteral(L, "key");
        lua_pushliteral(L, "text");
        lua_call(L, 2, 1);
        lua_remove(L, 1 + i);
    }
    assert_int_equal(lua_gettop(L), 2);
    assert_false(lua_rawequal(L, 1, 2));
    lua_close(L);
    keyring_free(keyring);
}

TEST(api_crypto, boxes_open_for_their_keys_only)
{
    run("local key = c.random(32)"
        "local box = c.secretbox(key, 'plain')"
        "assert(c.secretbox_open(key, box) == 'plain')"
        "assert(not c.secretbox_open(c.random(32), box) and not c.secretbox_open(key, 'x'))"
        "assert(not pcall(c.secretbox, 'short', 'plain'))"
        "local public, secret = c.box_keypair()"
        "local sealed = c.box_seal(public, 'plain')"
        "assert(c.box_open(public, secret, sealed) == 'plain')"
        "local public2, secret2 = c.box_keypair()"
        "assert(not c.box_open(public2, secret2, sealed))"
        "local v, err = c.box_seal(string.rep('\\0', 32), 'x') assert(v == nil and err)");
}

TEST(api_crypto, signatures_verify)
{
    run("local public, secret = c.sign_keypair(string.rep('s', 32))"
        "assert(public == c.sign_keypair(string.rep('s', 32)) and #secret == 64)"
        "local s = c.sign(secret, 'text')"
        "assert(c.verify(public, 'text', s) and not c.verify(public, 'texT', s))"
        "assert(c.verify(public, 'text', 'short') == false)"
        "assert(not pcall(c.sign, 'short', 'text') and not pcall(c.sign_keypair, 'x'))");
}

TEST(api_crypto, numbers_and_huge_strings_are_mistakes)
{
    run("assert(not pcall(c.hash, 1) and not pcall(c.equal, 'a'))"
        "assert(not pcall(c.sha256, string.rep('x', 2^20 + 1)))"
        "assert(c.equal('a', 'a') and not c.equal('a', 'b') and not c.equal('a', 'aa'))");
}

TEST_MAIN
