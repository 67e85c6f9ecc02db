/*
 * Secrets at rest under a key we keep: XChaCha20-Poly1305 with a random nonce
 * in front. Additional data is not stored but must be the same when opening,
 * so a sealed value cannot be moved to another place.
 *
 *     sealed = nonce (24) | ciphertext | tag (16)
 */
#ifndef HOST_CRYPTO_SEAL_H
#define HOST_CRYPTO_SEAL_H

#include "host/base/bytes.h"

#define SEAL_KEY_BYTES 32
#define SEAL_NONCE_BYTES 24
#define SEAL_OVERHEAD 40

/* out holds plain.len + SEAL_OVERHEAD bytes and does not overlap plain. */
void seal_encrypt(uint8_t *out, const uint8_t key[SEAL_KEY_BYTES], struct bytes plain,
                  struct bytes ad);
/* The same with a nonce of the caller's, for known answers: a nonce used twice breaks the key. */
void seal_encrypt_with(uint8_t *out, const uint8_t key[SEAL_KEY_BYTES],
                       const uint8_t nonce[SEAL_NONCE_BYTES], struct bytes plain, struct bytes ad);
/* out holds sealed.len - SEAL_OVERHEAD bytes. 0, ERR_TRUNCATED, or ERR_CRYPTO and out is zero. */
int seal_decrypt(uint8_t *out, const uint8_t key[SEAL_KEY_BYTES], struct bytes sealed,
                 struct bytes ad);

#endif
