#include "host/base/err.h"
#include "host/crypto/crypto.h"
#include "host/crypto/password.h"
#include "host/loop/loop.h"
#include "host/loop/work.h"
#include "tests/unit/unit.h"

/* As little work as the algorithm allows: these tests are not about its strength. */
static const struct password_options cheap = {.memory_kib = 8, .passes = 1};

struct answer {
    unsigned count;
    int err;
    char hash[PASSWORD_HASH_SIZE];
};

static void answer_cb(void *ctx, int err, const char *hash)
{
    struct answer *answer = ctx;
    answer->count++;
    answer->err = err;
    snprintf(answer->hash, sizeof(answer->hash), "%s", hash);
}

static void hash_now(struct answer *answer, struct bytes password,
                     const struct password_options *options)
{
    assert_int_equal(crypto_open(), 0);
    struct loop *loop = loop_new();
    struct pool *pool = pool_new(1);
    *answer = (struct answer){0};
    assert_int_equal(password_hash(pool, loop, password, options, answer_cb, answer), 0);
    assert_int_equal(answer->count, 0);
    loop_settle(loop);
    assert_int_equal(answer->count, 1);
    pool_free(pool);
    loop_free(loop);
}

static int verify_now(const char *hash, struct bytes password)
{
    struct loop *loop = loop_new();
    struct pool *pool = pool_new(1);
    struct answer answer = {0};
    assert_int_equal(password_verify(pool, loop, bytes_of(hash), password, answer_cb, &answer), 0);
    loop_settle(loop);
    assert_int_equal(answer.count, 1);
    pool_free(pool);
    loop_free(loop);
    return answer.err;
}

TEST(password, hash_verifies_its_password_only)
{
    struct answer answer;
    hash_now(&answer, BYTES("correct horse"), &cheap);
    assert_int_equal(answer.err, 0);
    assert_int_equal(verify_now(answer.hash, BYTES("correct horse")), 0);
    assert_int_equal(verify_now(answer.hash, BYTES("correct horsf")), ERR_CRYPTO);
    assert_int_equal(verify_now(answer.hash, BYTES("correct hors")), ERR_CRYPTO);
    assert_int_equal(verify_now(answer.hash, BYTES("")), ERR_CRYPTO);
}

TEST(password, defaults_are_19_mib_and_two_passes)
{
    struct answer answer;
    hash_now(&answer, BYTES("password"), NULL);
    assert_ptr_equal(strstr(answer.hash, "$argon2id$v=19$m=19456,t=2,p=1$"), answer.hash);
}

TEST(password, two_hashes_of_one_password_differ)
{
    struct answer first;
    struct answer second;
    hash_now(&first, BYTES("password"), &cheap);
    hash_now(&second, BYTES("password"), &cheap);
    assert_string_not_equal(first.hash, second.hash);
}

TEST(password, hash_with_other_options_verifies_too)
{
    struct answer answer;
    hash_now(&answer, BYTES("password"), &(struct password_options){64, 3});
    assert_non_null(strstr(answer.hash, "m=64,t=3"));
    assert_int_equal(verify_now(answer.hash, BYTES("password")), 0);
}

TEST(password, hash_that_asks_for_too_much_is_not_computed)
{
    const char *const hashes[] = {
        "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQxMjM0NTY3OA$aaaa",
        "$argon2id$v=19$m=4294967304,t=1,p=1$c29tZXNhbHQxMjM0NTY3OA$aaaa",
        "$argon2id$v=19$m=64,t=4000000,p=1$c29tZXNhbHQxMjM0NTY3OA$aaaa",
        "$argon2id$v=19$m=64,t=2,p=4$c29tZXNhbHQxMjM0NTY3OA$aaaa",
        "$argon2i$v=19$m=64,t=3,p=1$c29tZXNhbHQxMjM0NTY3OA$aaaa",
        "$argon2id$v=19$m=,t=3,p=1$c29tZXNhbHQ$aaaa",
        "no hash",
        "",
    };
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        assert_int_equal(verify_now(hashes[i], BYTES("password")), ERR_SYNTAX);
    }
}

TEST(password, over_long_input_is_refused_at_once)
{
    static const char long_text[PASSWORD_BYTES_MAX + 1];
    struct loop *loop = loop_new();
    struct pool *pool = pool_new(1);
    struct bytes too_long = {long_text, sizeof(long_text)};
    struct bytes longest = {long_text, PASSWORD_BYTES_MAX};
    struct answer answer = {0};
    assert_int_equal(password_hash(pool, loop, too_long, &cheap, answer_cb, &answer),
                     ERR_TOO_LARGE);
    assert_int_equal(password_verify(pool, loop, BYTES("x"), too_long, answer_cb, &answer),
                     ERR_TOO_LARGE);
    assert_int_equal(password_verify(pool, loop, longest, longest, answer_cb, &answer),
                     ERR_TOO_LARGE);
    assert_int_equal(password_hash(pool, loop, longest, &cheap, answer_cb, &answer), 0);
    loop_settle(loop);
    assert_int_equal(answer.count, 1);
    pool_free(pool);
    loop_free(loop);
}

TEST_MAIN
