#include "host/crypto/random.h"

#include "host/base/check.h"
#include "host/base/clock.h"

#include <sodium.h>
#include <string.h>

#define TIME_BYTES 6
#define ID_BYTES 16
#define AHEAD_BYTES 1024

/* Crockford's: no i, l, o or u, so that nobody misreads one. In ASCII order. */
static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

void random_fill(void *out, size_t len)
{
    randombytes_buf(out, len);
}

/* Randomness for identifiers, fetched for many at once: each costs a system call otherwise. */
static _Thread_local uint8_t ahead[AHEAD_BYTES];
static _Thread_local size_t ahead_used = AHEAD_BYTES;

static void take_ahead(uint8_t *out, size_t len)
{
    if (ahead_used + len > AHEAD_BYTES) {
        random_fill(ahead, AHEAD_BYTES);
        ahead_used = 0;
    }
    memcpy(out, ahead + ahead_used, len);
    sodium_memzero(ahead + ahead_used, len); /* nobody reads an identifier twice */
    ahead_used += len;
}

/* 128 bits make 26 digits of 5 bits; the first digit has only the upper 3. */
static void write_base32(char *out, const uint8_t id[ID_BYTES])
{
    uint32_t held = 0;
    unsigned held_bits = 2; /* two zeros before the first bit */
    for (size_t i = 0; i < ID_BYTES; i++) {
        held = (held << 8) | id[i];
        held_bits += 8;
        while (held_bits >= 5) {
            held_bits -= 5;
            *out++ = digits[(held >> held_bits) & 31];
        }
    }
}

size_t crypto_id(char out[CRYPTO_ID_SIZE], const char *prefix)
{
    size_t prefix_len = prefix == NULL ? 0 : strlen(prefix);
    CHECK(prefix_len <= CRYPTO_ID_PREFIX_MAX);
    uint8_t id[ID_BYTES];
    uint64_t now_ms = (uint64_t)clock_wall_ms();
    for (unsigned i = 0; i < TIME_BYTES; i++) {
        id[i] = (uint8_t)(now_ms >> (8 * (TIME_BYTES - 1 - i)));
    }
    take_ahead(id + TIME_BYTES, ID_BYTES - TIME_BYTES);
    if (prefix_len > 0) {
        memcpy(out, prefix, prefix_len);
    }
    write_base32(out + prefix_len, id);
    out[prefix_len + CRYPTO_ID_DIGITS] = '\0';
    return prefix_len + CRYPTO_ID_DIGITS;
}
