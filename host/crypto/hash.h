/* Hashes and message authentication codes. `out` must hold what the name says. */
#ifndef HOST_CRYPTO_HASH_H
#define HOST_CRYPTO_HASH_H

#include "host/base/bytes.h"

#define HASH_BLAKE2B_BYTES_MIN 16
#define HASH_BLAKE2B_BYTES_MAX 64
#define HASH_SHA256_BYTES 32
#define HASH_KEY_BYTES 32
#define HASH_MAC_BYTES 32

/* BLAKE2b (RFC 7693); out_len from HASH_BLAKE2B_BYTES_MIN to HASH_BLAKE2B_BYTES_MAX. */
void hash_blake2b(uint8_t *out, size_t out_len, struct bytes in);
void hash_sha256(uint8_t out[HASH_SHA256_BYTES], struct bytes in);
/* Keyed BLAKE2b. Compare two of them with crypto_equal only. */
void hash_mac(uint8_t out[HASH_MAC_BYTES], const uint8_t key[HASH_KEY_BYTES], struct bytes in);

#endif
