/* Ed25519 signatures (RFC 8032). The secret key is the seed and the public key together. */
#ifndef HOST_CRYPTO_SIGN_H
#define HOST_CRYPTO_SIGN_H

#include "host/base/bytes.h"

#define SIGN_SEED_BYTES 32
#define SIGN_PUBLIC_BYTES 32
#define SIGN_SECRET_BYTES 64
#define SIGN_BYTES 64

/* seed NULL: a random one. The same seed gives the same pair. */
void sign_keypair(uint8_t public_key[SIGN_PUBLIC_BYTES], uint8_t secret_key[SIGN_SECRET_BYTES],
                  const uint8_t *seed);
void sign_bytes(uint8_t signature[SIGN_BYTES], const uint8_t secret_key[SIGN_SECRET_BYTES],
                struct bytes in);
/* 0, or ERR_CRYPTO. */
int sign_verify(const uint8_t public_key[SIGN_PUBLIC_BYTES], struct bytes in,
                const uint8_t signature[SIGN_BYTES]);

#endif
