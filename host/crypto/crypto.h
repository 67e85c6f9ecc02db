/* What all of cryptography needs first, and how secrets are handled in memory. */
#ifndef HOST_CRYPTO_CRYPTO_H
#define HOST_CRYPTO_CRYPTO_H

#include "host/base/bytes.h"

/* Once, before anything else of this folder and before threads; again does no harm.
 * 0, or ERR_CRYPTO when the system gives no randomness. */
int crypto_open(void);
/* Zeroes in a way that the compiler does not remove. */
void crypto_wipe(void *secret, size_t len);
/* In a time that depends on the lengths only; unequal lengths are unequal. */
bool crypto_equal(struct bytes a, struct bytes b);

#endif
