#include "host/base/err.h"
#include "host/crypto/crypto.h"
#include "host/crypto/seal.h"
#include "tests/unit/crypto/vectors.h"

#define CASE_BYTES_MAX 2048

static const uint8_t key[SEAL_KEY_BYTES] = {1, 2, 3};

static void check_case(const struct vectors *vectors, const struct json_node *test, bool is_valid)
{
    uint8_t case_key[SEAL_KEY_BYTES];
    uint8_t sealed[CASE_BYTES_MAX];
    uint8_t ad[CASE_BYTES_MAX];
    uint8_t plain[CASE_BYTES_MAX];
    uint8_t opened[CASE_BYTES_MAX];
    member_bytes(vectors, test, "key", case_key, sizeof(case_key));
    size_t len = member_bytes(vectors, test, "iv", sealed, SEAL_NONCE_BYTES);
    len += member_bytes(vectors, test, "ct", sealed + len, sizeof(sealed) - len);
    len += member_bytes(vectors, test, "tag", sealed + len, sizeof(sealed) - len);
    size_t ad_len = member_bytes(vectors, test, "aad", ad, sizeof(ad));
    size_t plain_len = member_bytes(vectors, test, "msg", plain, sizeof(plain));

    struct bytes ad_bytes = {(const char *)ad, ad_len};
    int err = seal_decrypt(opened, case_key, (struct bytes){(const char *)sealed, len}, ad_bytes);
    assert_int_equal(err, is_valid ? 0 : ERR_CRYPTO);
    if (!is_valid) {
        return;
    }
    assert_memory_equal(opened, plain, plain_len);
    uint8_t again[CASE_BYTES_MAX];
    seal_encrypt_with(again, case_key, sealed, (struct bytes){(const char *)plain, plain_len},
                      ad_bytes);
    assert_memory_equal(again, sealed, len);
}

TEST(seal, answers_the_wycheproof_cases)
{
    struct vectors vectors;
    vectors_open(&vectors, __FILE__, "wycheproof/xchacha20_poly1305_test.json");
    const struct json_node *groups = json_member(&vectors.doc, vectors.doc.nodes, "testGroups");
    unsigned count = 0;
    const struct json_node *group = json_first(&vectors.doc, groups);
    for (; group != NULL; group = json_next(&vectors.doc, groups, group)) {
        uint8_t iv[64];
        const struct json_node *tests = json_member(&vectors.doc, group, "tests");
        const struct json_node *test = json_first(&vectors.doc, tests);
        for (; test != NULL; test = json_next(&vectors.doc, tests, test)) {
            /* The nonce of the others has another size, which this interface cannot say. */
            if (member_bytes(&vectors, test, "iv", iv, sizeof(iv)) == SEAL_NONCE_BYTES) {
                check_case(&vectors, test, member_is(&vectors, test, "result", "valid"));
                count++;
            }
        }
    }
    assert_true(count > 200);
    vectors_close(&vectors);
}

TEST(seal, same_text_is_sealed_differently_each_time)
{
    uint8_t first[SEAL_OVERHEAD + 4];
    uint8_t second[SEAL_OVERHEAD + 4];
    seal_encrypt(first, key, BYTES("text"), BYTES_NONE);
    seal_encrypt(second, key, BYTES("text"), BYTES_NONE);
    assert_memory_not_equal(first, second, sizeof(first));
}

TEST(seal, does_not_open_in_another_place)
{
    uint8_t sealed[SEAL_OVERHEAD + 4];
    uint8_t plain[4];
    seal_encrypt(sealed, key, BYTES("text"), BYTES("row 1"));
    struct bytes bytes = {(const char *)sealed, sizeof(sealed)};
    assert_int_equal(seal_decrypt(plain, key, bytes, BYTES("row 2")), ERR_CRYPTO);
    assert_int_equal(seal_decrypt(plain, key, bytes, BYTES("row 1")), 0);
    assert_memory_equal(plain, "text", 4);
}

TEST(seal, less_than_the_overhead_is_truncated)
{
    uint8_t plain[4];
    uint8_t sealed[SEAL_OVERHEAD] = {0};
    struct bytes bytes = {(const char *)sealed, SEAL_OVERHEAD - 1};
    assert_int_equal(seal_decrypt(plain, key, bytes, BYTES_NONE), ERR_TRUNCATED);
}

TEST_MAIN
