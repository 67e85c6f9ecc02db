#include "host/base/err.h"
#include "host/crypto/box.h"
#include "tests/unit/unit.h"

static struct bytes bytes_in(const uint8_t *data, size_t len)
{
    return (struct bytes){(const char *)data, len};
}

TEST(box, secret_box_opens_under_its_key_only)
{
    uint8_t key[BOX_SECRET_KEY_BYTES] = {7};
    uint8_t box[BOX_SECRET_OVERHEAD + 5];
    uint8_t plain[5];
    box_secret_encrypt(box, key, BYTES("hello"));
    assert_int_equal(box_secret_decrypt(plain, key, bytes_in(box, sizeof(box))), 0);
    assert_memory_equal(plain, "hello", 5);
    key[0] ^= 1;
    assert_int_equal(box_secret_decrypt(plain, key, bytes_in(box, sizeof(box))), ERR_CRYPTO);
}

TEST(box, each_changed_byte_of_a_secret_box_is_seen)
{
    uint8_t key[BOX_SECRET_KEY_BYTES] = {7};
    uint8_t box[BOX_SECRET_OVERHEAD + 1];
    uint8_t plain[1];
    box_secret_encrypt(box, key, BYTES("x"));
    for (size_t i = 0; i < sizeof(box); i++) {
        box[i] ^= 0x10;
        assert_int_equal(box_secret_decrypt(plain, key, bytes_in(box, sizeof(box))), ERR_CRYPTO);
        box[i] ^= 0x10;
    }
    assert_int_equal(box_secret_decrypt(plain, key, bytes_in(box, 3)), ERR_TRUNCATED);
}

TEST(box, sealed_box_opens_for_the_receiver_only)
{
    uint8_t public_key[2][BOX_KEY_BYTES];
    uint8_t secret_key[2][BOX_KEY_BYTES];
    uint8_t sealed[BOX_SEAL_OVERHEAD + 5];
    uint8_t plain[5];
    box_keypair(public_key[0], secret_key[0]);
    box_keypair(public_key[1], secret_key[1]);
    assert_int_equal(box_seal(sealed, public_key[0], BYTES("hello")), 0);
    struct bytes bytes = bytes_in(sealed, sizeof(sealed));
    assert_int_equal(box_open(plain, public_key[1], secret_key[1], bytes), ERR_CRYPTO);
    assert_int_equal(box_open(plain, public_key[0], secret_key[0], bytes), 0);
    assert_memory_equal(plain, "hello", 5);
    bytes.len = BOX_SEAL_OVERHEAD - 1;
    assert_int_equal(box_open(plain, public_key[0], secret_key[0], bytes), ERR_TRUNCATED);
}

TEST(box, a_public_key_of_low_order_is_refused)
{
    const uint8_t zero[BOX_KEY_BYTES] = {0};
    uint8_t sealed[BOX_SEAL_OVERHEAD + 5];
    assert_int_equal(box_seal(sealed, zero, BYTES("hello")), ERR_CRYPTO);
}

TEST_MAIN
