/* Bytes nobody can guess, and identifiers made of them. Any thread. */
#ifndef HOST_CRYPTO_RANDOM_H
#define HOST_CRYPTO_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_fill(void *out, size_t len);

/*
 * An identifier is the prefix and 26 characters of lower-case Crockford base32:
 * 48 bits of wall clock in ms, then 80 random bits. So identifiers sort by the
 * time they were made, and two never meet.
 */
#define CRYPTO_ID_PREFIX_MAX 14
#define CRYPTO_ID_DIGITS 26
#define CRYPTO_ID_SIZE (CRYPTO_ID_PREFIX_MAX + CRYPTO_ID_DIGITS + 1)

/* Writes the identifier with its NUL and returns its length. The prefix has at
 * most CRYPTO_ID_PREFIX_MAX bytes; NULL means none. */
size_t crypto_id(char out[CRYPTO_ID_SIZE], const char *prefix);

#endif
