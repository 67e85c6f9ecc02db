#include "host/crypto/otp.h"
#include "tests/unit/crypto/vectors.h"

#define SECRET "12345678901234567890"

static void assert_hex(const uint8_t *bytes, const char *hex)
{
    uint8_t expected[OTP_SHA1_BYTES];
    assert_int_equal(unhex(expected, sizeof(expected), bytes_of(hex)), OTP_SHA1_BYTES);
    assert_memory_equal(bytes, expected, OTP_SHA1_BYTES);
}

TEST(otp, sha1_is_that_of_fips_180)
{
    uint8_t out[OTP_SHA1_BYTES];
    otp_sha1(out, BYTES("abc"));
    assert_hex(out, "a9993e364706816aba3e25717850c26c9cd0d89d");
    otp_sha1(out, BYTES_NONE);
    assert_hex(out, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    otp_sha1(out, BYTES("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"));
    assert_hex(out, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

TEST(otp, hmac_is_that_of_rfc_2202)
{
    uint8_t out[OTP_SHA1_BYTES];
    otp_hmac_sha1(out, BYTES("Jefe"), BYTES("what do ya want for nothing?"));
    assert_hex(out, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    char key[80];
    memset(key, 0xaa, sizeof(key));
    otp_hmac_sha1(out, (struct bytes){key, sizeof(key)},
                  BYTES("Test Using Larger Than Block-Size Key - Hash Key First"));
    assert_hex(out, "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

TEST(otp, codes_by_counter_are_those_of_rfc_4226)
{
    struct vectors vectors;
    vectors_open(&vectors, __FILE__, "otp/otp.json");
    const struct json_node *list = json_member(&vectors.doc, &vectors.doc.nodes[0], "hotp");
    uint64_t counter = 0;
    for (const struct json_node *node = json_first(&vectors.doc, list); node;
         node = json_next(&vectors.doc, list, node)) {
        char code[OTP_DIGITS_MAX + 1];
        otp_code(code, BYTES(SECRET), counter++, 6);
        assert_true(json_is_string(node, code));
    }
    assert_int_equal(counter, 10);
    vectors_close(&vectors);
}

TEST(otp, codes_by_time_are_those_of_rfc_6238)
{
    struct vectors vectors;
    vectors_open(&vectors, __FILE__, "otp/otp.json");
    const struct json_node *list = json_member(&vectors.doc, &vectors.doc.nodes[0], "totp");
    size_t checked = 0;
    for (const struct json_node *node = json_first(&vectors.doc, list); node;
         node = json_next(&vectors.doc, list, node)) {
        if (!member_is(&vectors, node, "alg", "sha1")) {
            continue;
        }
        const struct json_node *time = json_member(&vectors.doc, node, "time");
        char code[OTP_DIGITS_MAX + 1];
        otp_code(code, BYTES(SECRET), (uint64_t)time->integer / 30, 8);
        assert_true(member_is(&vectors, node, "code", code));
        checked++;
    }
    assert_int_equal(checked, 6);
    vectors_close(&vectors);
}

TEST_MAIN
