#include "host/crypto/hash.h"

#include "host/base/check.h"

#include <sodium.h>

void hash_blake2b(uint8_t *out, size_t out_len, struct bytes in)
{
    CHECK(out_len >= HASH_BLAKE2B_BYTES_MIN && out_len <= HASH_BLAKE2B_BYTES_MAX);
    CHECK(crypto_generichash(out, out_len, (const uint8_t *)in.data, in.len, NULL, 0) == 0);
}

void hash_sha256(uint8_t out[HASH_SHA256_BYTES], struct bytes in)
{
    CHECK(crypto_hash_sha256(out, (const uint8_t *)in.data, in.len) == 0);
}

void hash_mac(uint8_t out[HASH_MAC_BYTES], const uint8_t key[HASH_KEY_BYTES], struct bytes in)
{
    CHECK(crypto_generichash(out, HASH_MAC_BYTES, (const uint8_t *)in.data, in.len, key,
                             HASH_KEY_BYTES) == 0);
}
