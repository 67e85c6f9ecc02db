#include "host/base/bytes.h"

#include "host/base/check.h"
#include "host/base/err.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

struct bytes bytes_of(const char *text)
{
    return text ? (struct bytes){text, strlen(text)} : BYTES_NONE;
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool bytes_equal_text(struct bytes a, const char *text)
{
    return bytes_equal(a, bytes_of(text));
}

bool bytes_starts_with(struct bytes a, struct bytes prefix)
{
    return a.len >= prefix.len && bytes_equal((struct bytes){a.data, prefix.len}, prefix);
}

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

/* SipHash-1-3: with a secret seed a peer cannot choose keys that collide. */
struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate_left(uint64_t x, unsigned by)
{
    return (x << by) | (x >> (64 - by));
}

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v1 = rotate_left(s->v1, 13) ^ s->v0;
    s->v0 = rotate_left(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate_left(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate_left(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate_left(s->v1, 17) ^ s->v2;
    s->v2 = rotate_left(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

uint64_t bytes_hash(struct bytes a, uint64_t seed)
{
    uint64_t k1 = seed * UINT64_C(0x9e3779b97f4a7c15) ^ (seed >> 29);
    struct sip s = {seed ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
                    seed ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
    const char *at = a.data;
    size_t left = a.len;
    uint64_t word;
    for (; left >= sizeof(word); at += sizeof(word), left -= sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        sip_word(&s, word);
    }
    word = 0;
    if (left > 0) {
        memcpy(&word, at, left);
    }
    /* At most seven bytes are left, so the top byte is free for the length. */
    sip_word(&s, word ^ ((uint64_t)a.len << 56));
    s.v2 ^= 0xff;
    sip_round(&s);
    sip_round(&s);
    sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t bytes_hash_seed(void)
{
    static _Atomic uint64_t shared;
    uint64_t seed = atomic_load_explicit(&shared, memory_order_relaxed);
    if (seed != 0) {
        return seed;
    }
    uint64_t fresh = 0;
    while (fresh == 0) {
        ssize_t got = getrandom(&fresh, sizeof(fresh), 0);
        CHECK(got == (ssize_t)sizeof(fresh) || (got < 0 && errno == EINTR));
    }
    /* Two threads may arrive here together: the first one's seed holds for both. */
    return atomic_compare_exchange_strong(&shared, &seed, fresh) ? fresh : seed;
}

size_t bytes_to_hex(char *out, struct bytes in)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < in.len; i++) {
        unsigned char byte = (unsigned char)in.data[i];
        out[2 * i] = digits[byte >> 4];
        out[2 * i + 1] = digits[byte & 15];
    }
    return HEX_LEN(in.len);
}

static const char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t bytes_to_base64url(char *out, struct bytes in)
{
    const unsigned char *from = (const unsigned char *)in.data;
    char *to = out;
    uint32_t bits = 0;
    unsigned pending = 0; /* bits not written yet */
    for (size_t i = 0; i < in.len; i++) {
        bits = (bits << 8) | from[i];
        pending += 8;
        while (pending >= 6) {
            pending -= 6;
            *to++ = base64url_digits[(bits >> pending) & 63];
        }
    }
    if (pending > 0) {
        *to++ = base64url_digits[(bits << (6 - pending)) & 63];
    }
    return (size_t)(to - out);
}

/* 0 to 63, or -1. */
static int base64url_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

long bytes_from_base64url(char *out, struct bytes in)
{
    if (in.len % 4 == 1) {
        return ERR_SYNTAX;
    }
    char *to = out;
    uint32_t bits = 0;
    unsigned pending = 0; /* bits not written yet */
    for (size_t i = 0; i < in.len; i++) {
        int value = base64url_value(in.data[i]);
        if (value < 0) {
            return ERR_SYNTAX;
        }
        bits = (bits << 6) | (uint32_t)value;
        pending += 6;
        if (pending >= 8) {
            pending -= 8;
            *to++ = (char)(unsigned char)(bits >> pending);
        }
    }
    /* Left-over bits that are set would give one value two spellings. */
    if ((bits & ((1U << pending) - 1)) != 0) {
        return ERR_SYNTAX;
    }
    return (long)(to - out);
}
