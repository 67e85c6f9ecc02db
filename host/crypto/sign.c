#include "host/crypto/sign.h"

#include "host/base/check.h"
#include "host/base/err.h"

#include <sodium.h>

_Static_assert(SIGN_SEED_BYTES == crypto_sign_SEEDBYTES, "seed");
_Static_assert(SIGN_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES, "public key");
_Static_assert(SIGN_SECRET_BYTES == crypto_sign_SECRETKEYBYTES, "secret key");
_Static_assert(SIGN_BYTES == crypto_sign_BYTES, "signature");

void sign_keypair(uint8_t public_key[SIGN_PUBLIC_BYTES], uint8_t secret_key[SIGN_SECRET_BYTES],
                  const uint8_t *seed)
{
    int err = seed == NULL ? crypto_sign_keypair(public_key, secret_key)
                           : crypto_sign_seed_keypair(public_key, secret_key, seed);
    CHECK(err == 0);
}

void sign_bytes(uint8_t signature[SIGN_BYTES], const uint8_t secret_key[SIGN_SECRET_BYTES],
                struct bytes in)
{
    CHECK(crypto_sign_detached(signature, NULL, (const uint8_t *)in.data, in.len, secret_key) == 0);
}

int sign_verify(const uint8_t public_key[SIGN_PUBLIC_BYTES], struct bytes in,
                const uint8_t signature[SIGN_BYTES])
{
    int err = crypto_sign_verify_detached(signature, (const uint8_t *)in.data, in.len, public_key);
    return err ? ERR_CRYPTO : 0;
}
