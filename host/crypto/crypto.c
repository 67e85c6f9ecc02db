#include "host/crypto/crypto.h"

#include "host/base/err.h"

#include <sodium.h>

int crypto_open(void)
{
    return sodium_init() < 0 ? ERR_CRYPTO : 0;
}

void crypto_wipe(void *secret, size_t len)
{
    sodium_memzero(secret, len);
}

bool crypto_equal(struct bytes a, struct bytes b)
{
    if (a.len != b.len) {
        return false;
    }
    return a.len == 0 || sodium_memcmp(a.data, b.data, a.len) == 0;
}
