/* The part of mesh.crypto that waits for the pool, in a cell. */
#include "host/crypto/crypto.h"
#include "host/loop/loop.h"
#include "host/loop/work.h"
#include "lua/api_crypto.h"
#include "tests/unit/lua/cells.h"

struct bench {
    struct loop *loop;
    struct pool *pool;
    struct keyring *keyring;
    struct crypto_env env;
    struct cell *cell;
};

static void push_error(lua_State *L, const char *type, const char *message)
{
    lua_pushfstring(L, "%s: %s", type, message);
}

static int wire_crypto(lua_State *L)
{
    api_crypto_push(L, lua_touserdata(L, 1));
    lua_setglobal(L, "crypto");
    return 0;
}

static void bench_open(struct bench *bench)
{
    assert_int_equal(crypto_open(), 0);
    assert_int_equal(budget_thread_open(), 0);
    bench->loop = loop_new();
    bench->pool = pool_new(1);
    bench->keyring = keyring_new_random();
    bench->env = (struct crypto_env){
        .pool = bench->pool,
        .keyring = bench->keyring,
        .plugin = "probe",
        .password = {.memory_kib = PASSWORD_MEMORY_KIB_MIN, .passes = 1},
        .push_error = push_error,
    };
    bench->cell = open_cell_with((struct cell_options){.loop = bench->loop});
    assert_int_equal(cell_protect(bench->cell, wire_crypto, &bench->env, NULL, 0), 0);
}

static void bench_close(struct bench *bench)
{
    if (bench->cell != NULL) {
        cell_free(bench->cell);
    }
    loop_settle(bench->loop);
    pool_free(bench->pool);
    loop_free(bench->loop);
    keyring_free(bench->keyring);
    budget_thread_close();
}

static void assert_gives(const char *source, const char *expected)
{
    struct bench bench;
    struct probe probe;
    bench_open(&bench);
    probe_run(&probe, bench.cell, source);
    for (int round = 0; round < 10 && probe.ends == 0; round++) {
        loop_settle(bench.loop);
    }
    assert_int_equal(probe.ends, 1);
    assert_string_equal(probe.message, "");
    assert_string_equal(probe.result, expected);
    bench_close(&bench);
}

TEST(api_crypto, password_verifies_against_its_hash_only)
{
    assert_gives("local hash = crypto.password_hash('correct horse')"
                 "return tostring(crypto.password_verify(hash, 'correct horse')) .. ' ' .."
                 "tostring(crypto.password_verify(hash, 'wrong horse')) .. ' ' .."
                 "tostring(crypto.password_verify('no hash', 'correct horse'))",
                 "true false false");
}

TEST(api_crypto, password_hash_has_the_options_of_the_host)
{
    assert_gives("return crypto.password_hash('x'):sub(1, 27)", "$argon2id$v=19$m=8,t=1,p=1$");
}

TEST(api_crypto, password_that_is_no_string_is_a_mistake)
{
    struct bench bench;
    struct probe probe;
    bench_open(&bench);
    probe_run(&probe, bench.cell, "return crypto.password_hash(12345678)");
    assert_int_equal(probe.err, ERR_PLUGIN);
    probe_run(&probe, bench.cell, "return crypto.password_hash(('x'):rep(1025))");
    assert_int_equal(probe.err, ERR_PLUGIN);
    bench_close(&bench);
}

TEST(api_crypto, password_of_a_cell_that_is_gone_resumes_nobody)
{
    struct bench bench;
    struct probe probes[3];
    bench_open(&bench);
    for (size_t i = 0; i < 3; i++) {
        probe_run(&probes[i], bench.cell, "return crypto.password_hash('correct horse')");
        assert_int_equal(probes[i].ends, 0);
    }
    task_cancel_all(bench.cell, ERR_CANCELLED);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(probes[i].ends, 1);
        assert_int_equal(probes[i].err, ERR_CANCELLED);
    }
    cell_free(bench.cell);
    bench.cell = NULL;
    bench_close(&bench);
}

TEST(api_crypto, password_of_a_task_that_was_cancelled_is_discarded)
{
    struct bench bench;
    struct probe probe;
    bench_open(&bench);
    probe_run(&probe, bench.cell, "return crypto.password_hash('correct horse')");
    task_cancel(&probe.task, ERR_TIMEOUT);
    assert_int_equal(probe.err, ERR_TIMEOUT);
    loop_settle(bench.loop);
    assert_int_equal(probe.ends, 1);
    bench_close(&bench);
}

TEST(api_crypto, too_many_passwords_of_one_cell_are_unavailable)
{
    struct bench bench;
    static struct probe probes[API_CRYPTO_PASSWORDS_MAX + 1];
    bench_open(&bench);
    for (size_t i = 0; i <= API_CRYPTO_PASSWORDS_MAX; i++) {
        probe_run(&probes[i], bench.cell,
                  "local hash, err = crypto.password_hash('x') return err or 'hashed'");
    }
    assert_string_equal(probes[API_CRYPTO_PASSWORDS_MAX].result,
                        "unavailable: too many passwords are being checked");
    loop_settle(bench.loop);
    for (size_t i = 0; i < API_CRYPTO_PASSWORDS_MAX; i++) {
        assert_string_equal(probes[i].result, "hashed");
    }
    bench_close(&bench);
}

TEST_MAIN
