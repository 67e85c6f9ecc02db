#include "host/crypto/crypto.h"
#include "host/crypto/hash.h"
#include "tests/unit/crypto/vectors.h"

static void assert_hex(const uint8_t *bytes, size_t len, struct bytes hex)
{
    uint8_t expected[64];
    assert_int_equal(unhex(expected, sizeof(expected), hex), len);
    assert_memory_equal(bytes, expected, len);
}

TEST(hash, blake2b_of_abc_is_that_of_rfc_7693)
{
    uint8_t out[64];
    hash_blake2b(out, sizeof(out), BYTES("abc"));
    assert_hex(out, sizeof(out),
               BYTES("ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                     "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"));
}

TEST(hash, sha256_of_abc_is_that_of_fips_180)
{
    uint8_t out[HASH_SHA256_BYTES];
    hash_sha256(out, BYTES("abc"));
    assert_hex(out, sizeof(out),
               BYTES("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

TEST(hash, nothing_has_a_hash_too)
{
    uint8_t out[HASH_SHA256_BYTES];
    hash_sha256(out, BYTES_NONE);
    assert_hex(out, sizeof(out),
               BYTES("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
}

TEST(hash, mac_depends_on_the_key)
{
    uint8_t first[HASH_MAC_BYTES];
    uint8_t second[HASH_MAC_BYTES];
    hash_mac(first, (const uint8_t[HASH_KEY_BYTES]){1}, BYTES("token"));
    hash_mac(second, (const uint8_t[HASH_KEY_BYTES]){2}, BYTES("token"));
    assert_memory_not_equal(first, second, sizeof(first));
}

TEST(crypto, equal_wants_the_same_length_and_bytes)
{
    assert_true(crypto_equal(BYTES("abc"), BYTES("abc")));
    assert_true(crypto_equal(BYTES_NONE, BYTES("")));
    assert_false(crypto_equal(BYTES("abc"), BYTES("abd")));
    assert_false(crypto_equal(BYTES("abc"), BYTES("ab")));
}

TEST_MAIN
