#include "host/base/bytes.h"
#include "host/base/err.h"
#include "tests/unit/unit.h"

static void assert_base64url(struct bytes plain, const char *coded)
{
    char out[64];
    size_t len = bytes_to_base64url(out, plain);
    assert_int_equal(len, BASE64URL_LEN(plain.len));
    assert_true(bytes_equal_text((struct bytes){out, len}, coded));
    long back = bytes_from_base64url(out, bytes_of(coded));
    assert_int_equal(back, (long)plain.len);
    assert_true(bytes_equal((struct bytes){out, (size_t)back}, plain));
}

TEST(bytes, base64url_is_that_of_rfc_4648_without_padding)
{
    assert_base64url(BYTES(""), "");
    assert_base64url(BYTES("f"), "Zg");
    assert_base64url(BYTES("fo"), "Zm8");
    assert_base64url(BYTES("foo"), "Zm9v");
    assert_base64url(BYTES("foob"), "Zm9vYg");
    assert_base64url(BYTES("fooba"), "Zm9vYmE");
    assert_base64url(BYTES("foobar"), "Zm9vYmFy");
    assert_base64url(BYTES("\xfb\xff\xfe\x00"), "-__-AA");
}

TEST(bytes, base64url_with_a_second_spelling_is_refused)
{
    static const char *const bad[] = {"Z",    "Zg==", "Zh",   "Zm9",  "Zm+v",
                                      "Zm/v", "Zm v", "Zg\n", "ZZZZZ"};
    char out[64];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(bytes_from_base64url(out, bytes_of(bad[i])), ERR_SYNTAX);
    }
}

TEST(bytes, hex_is_lower_case)
{
    char out[8];
    assert_int_equal(bytes_to_hex(out, BYTES("\x00\xaf\xff")), 6);
    assert_memory_equal(out, "00afff", 6);
}

TEST(bytes, prefix_comes_first_and_bytes_are_unsigned)
{
    assert_true(bytes_compare(BYTES("a"), BYTES("ab")) < 0);
    assert_true(bytes_compare(BYTES("b"), BYTES("ab")) > 0);
    assert_true(bytes_compare(BYTES("\xff"), BYTES("a")) > 0);
    assert_int_equal(bytes_compare(BYTES_NONE, BYTES("")), 0);
    assert_true(bytes_equal(BYTES_NONE, BYTES("")));
    assert_false(bytes_equal(BYTES("a"), BYTES("b")));
    assert_true(bytes_starts_with(BYTES("abc"), BYTES("ab")));
    assert_false(bytes_starts_with(BYTES("a"), BYTES("ab")));
    assert_int_equal(bytes_of(NULL).len, 0);
}

TEST(bytes, hash_depends_on_every_byte_the_length_and_the_seed)
{
    char text[24] = {0};
    uint64_t blank = bytes_hash((struct bytes){text, sizeof(text)}, 1);
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = 1;
        assert_true(bytes_hash((struct bytes){text, sizeof(text)}, 1) != blank);
        text[i] = 0;
        assert_true(bytes_hash((struct bytes){text, i}, 1) != blank);
    }
    assert_true(bytes_hash((struct bytes){text, sizeof(text)}, 2) != blank);
    assert_true(bytes_hash_seed() != 0);
    assert_true(bytes_hash_seed() == bytes_hash_seed());
}

TEST_MAIN
