#include "host/base/err.h"
#include "host/crypto/sign.h"
#include "tests/unit/crypto/vectors.h"

static void check_group(const struct vectors *vectors, const struct json_node *group,
                        unsigned *count)
{
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    const struct json_node *key = json_member(&vectors->doc, group, "publicKey");
    assert_int_equal(member_bytes(vectors, key, "pk", public_key, sizeof(public_key)),
                     SIGN_PUBLIC_BYTES);
    const struct json_node *tests = json_member(&vectors->doc, group, "tests");
    const struct json_node *test = json_first(&vectors->doc, tests);
    for (; test != NULL; test = json_next(&vectors->doc, tests, test)) {
        uint8_t message[4096];
        uint8_t signature[256];
        size_t len = member_bytes(vectors, test, "msg", message, sizeof(message));
        size_t signature_len = member_bytes(vectors, test, "sig", signature, sizeof(signature));
        if (signature_len != SIGN_BYTES) {
            continue; /* cannot be said in this interface */
        }
        int err = sign_verify(public_key, (struct bytes){(const char *)message, len}, signature);
        assert_int_equal(err, member_is(vectors, test, "result", "valid") ? 0 : ERR_CRYPTO);
        (*count)++;
    }
}

TEST(sign, answers_the_wycheproof_cases)
{
    struct vectors vectors;
    vectors_open(&vectors, __FILE__, "wycheproof/ed25519_test.json");
    unsigned count = 0;
    const struct json_node *groups = json_member(&vectors.doc, vectors.doc.nodes, "testGroups");
    const struct json_node *group = json_first(&vectors.doc, groups);
    for (; group != NULL; group = json_next(&vectors.doc, groups, group)) {
        check_group(&vectors, group, &count);
    }
    assert_true(count > 100);
    vectors_close(&vectors);
}

TEST(sign, makes_the_signature_of_rfc_8032_test_2)
{
    uint8_t seed[SIGN_SEED_BYTES];
    uint8_t expected_public[SIGN_PUBLIC_BYTES];
    uint8_t expected[SIGN_BYTES];
    unhex(seed, sizeof(seed),
          BYTES("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
    unhex(expected_public, sizeof(expected_public),
          BYTES("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
    unhex(expected, sizeof(expected),
          BYTES("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"));
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    uint8_t secret_key[SIGN_SECRET_BYTES];
    uint8_t signature[SIGN_BYTES];
    sign_keypair(public_key, secret_key, seed);
    sign_bytes(signature, secret_key, BYTES("\x72"));
    assert_memory_equal(public_key, expected_public, sizeof(public_key));
    assert_memory_equal(signature, expected, sizeof(signature));
}

TEST(sign, two_random_pairs_differ)
{
    uint8_t public_keys[2][SIGN_PUBLIC_BYTES];
    uint8_t secret_key[SIGN_SECRET_BYTES];
    sign_keypair(public_keys[0], secret_key, NULL);
    sign_keypair(public_keys[1], secret_key, NULL);
    assert_memory_not_equal(public_keys[0], public_keys[1], SIGN_PUBLIC_BYTES);
}

TEST_MAIN
