#include "host/crypto/seal.h"

#include "host/base/check.h"
#include "host/base/err.h"
#include "host/crypto/random.h"

#include <sodium.h>
#include <string.h>

_Static_assert(SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");
_Static_assert(SEAL_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(SEAL_OVERHEAD == SEAL_NONCE_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "overhead");

void seal_encrypt_with(uint8_t *out, const uint8_t key[SEAL_KEY_BYTES],
                       const uint8_t nonce[SEAL_NONCE_BYTES], struct bytes plain, struct bytes ad)
{
    memcpy(out, nonce, SEAL_NONCE_BYTES);
    CHECK(crypto_aead_xchacha20poly1305_ietf_encrypt(
              out + SEAL_NONCE_BYTES, NULL, (const uint8_t *)plain.data, plain.len,
              (const uint8_t *)ad.data, ad.len, NULL, nonce, key) == 0);
}

void seal_encrypt(uint8_t *out, const uint8_t key[SEAL_KEY_BYTES], struct bytes plain,
                  struct bytes ad)
{
    uint8_t nonce[SEAL_NONCE_BYTES];
    random_fill(nonce, sizeof(nonce));
    seal_encrypt_with(out, key, nonce, plain, ad);
}

int seal_decrypt(uint8_t *out, const uint8_t key[SEAL_KEY_BYTES], struct bytes sealed,
                 struct bytes ad)
{
    if (sealed.len < SEAL_OVERHEAD) {
        return ERR_TRUNCATED;
    }
    const uint8_t *nonce = (const uint8_t *)sealed.data;
    int err = crypto_aead_xchacha20poly1305_ietf_decrypt(
        out, NULL, NULL, nonce + SEAL_NONCE_BYTES, sealed.len - SEAL_NONCE_BYTES,
        (const uint8_t *)ad.data, ad.len, nonce, key);
    return err ? ERR_CRYPTO : 0;
}
