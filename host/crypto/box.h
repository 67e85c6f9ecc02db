/*
 * Boxes under keys that somebody else keeps: box_secret_* under one shared key
 * (XSalsa20-Poly1305, random nonce in front), box_seal for whoever has a
 * public key (X25519; the sender stays unknown).
 */
#ifndef HOST_CRYPTO_BOX_H
#define HOST_CRYPTO_BOX_H

#include "host/base/bytes.h"

#define BOX_SECRET_KEY_BYTES 32
#define BOX_SECRET_OVERHEAD 40
#define BOX_KEY_BYTES 32
#define BOX_SEAL_OVERHEAD 48

/* out holds plain.len + BOX_SECRET_OVERHEAD bytes and does not overlap plain. */
void box_secret_encrypt(uint8_t *out, const uint8_t key[BOX_SECRET_KEY_BYTES], struct bytes plain);
/* out holds box.len - BOX_SECRET_OVERHEAD bytes. 0, ERR_TRUNCATED, ERR_CRYPTO. */
int box_secret_decrypt(uint8_t *out, const uint8_t key[BOX_SECRET_KEY_BYTES], struct bytes box);

void box_keypair(uint8_t public_key[BOX_KEY_BYTES], uint8_t secret_key[BOX_KEY_BYTES]);
/* out holds plain.len + BOX_SEAL_OVERHEAD bytes. 0, or ERR_CRYPTO for a key that is no point. */
int box_seal(uint8_t *out, const uint8_t public_key[BOX_KEY_BYTES], struct bytes plain);
/* out holds sealed.len - BOX_SEAL_OVERHEAD bytes. 0, ERR_TRUNCATED, ERR_CRYPTO. */
int box_open(uint8_t *out, const uint8_t public_key[BOX_KEY_BYTES],
             const uint8_t secret_key[BOX_KEY_BYTES], struct bytes sealed);

#endif
