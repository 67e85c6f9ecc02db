#include "host/crypto/box.h"

#include "host/base/check.h"
#include "host/base/err.h"
#include "host/crypto/random.h"

#include <sodium.h>

_Static_assert(BOX_SECRET_KEY_BYTES == crypto_secretbox_KEYBYTES, "key");
_Static_assert(BOX_SECRET_OVERHEAD == crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES,
               "overhead");
_Static_assert(BOX_KEY_BYTES == crypto_box_PUBLICKEYBYTES, "public key");
_Static_assert(BOX_KEY_BYTES == crypto_box_SECRETKEYBYTES, "secret key");
_Static_assert(BOX_SEAL_OVERHEAD == crypto_box_SEALBYTES, "sealed overhead");

void box_secret_encrypt(uint8_t *out, const uint8_t key[BOX_SECRET_KEY_BYTES], struct bytes plain)
{
    random_fill(out, crypto_secretbox_NONCEBYTES);
    CHECK(crypto_secretbox_easy(out + crypto_secretbox_NONCEBYTES, (const uint8_t *)plain.data,
                                plain.len, out, key) == 0);
}

int box_secret_decrypt(uint8_t *out, const uint8_t key[BOX_SECRET_KEY_BYTES], struct bytes box)
{
    if (box.len < BOX_SECRET_OVERHEAD) {
        return ERR_TRUNCATED;
    }
    const uint8_t *nonce = (const uint8_t *)box.data;
    int err = crypto_secretbox_open_easy(out, nonce + crypto_secretbox_NONCEBYTES,
                                         box.len - crypto_secretbox_NONCEBYTES, nonce, key);
    return err ? ERR_CRYPTO : 0;
}

void box_keypair(uint8_t public_key[BOX_KEY_BYTES], uint8_t secret_key[BOX_KEY_BYTES])
{
    CHECK(crypto_box_keypair(public_key, secret_key) == 0);
}

int box_seal(uint8_t *out, const uint8_t public_key[BOX_KEY_BYTES], struct bytes plain)
{
    int err = crypto_box_seal(out, (const uint8_t *)plain.data, plain.len, public_key);
    return err ? ERR_CRYPTO : 0;
}

int box_open(uint8_t *out, const uint8_t public_key[BOX_KEY_BYTES],
             const uint8_t secret_key[BOX_KEY_BYTES], struct bytes sealed)
{
    if (sealed.len < BOX_SEAL_OVERHEAD) {
        return ERR_TRUNCATED;
    }
    int err =
        crypto_box_seal_open(out, (const uint8_t *)sealed.data, sealed.len, public_key, secret_key);
    return err ? ERR_CRYPTO : 0;
}
