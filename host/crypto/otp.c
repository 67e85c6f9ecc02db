#include "host/crypto/otp.h"

#include "host/base/check.h"
#include "host/crypto/crypto.h"

#include <string.h>

#define BLOCK_BYTES 64
#define ROUNDS 80

struct sha1 {
    uint32_t state[5];
    uint8_t block[BLOCK_BYTES];
    size_t filled;
    uint64_t total;
};

/* ---- SHA-1, FIPS 180-4 ---- */

static uint32_t rotate(uint32_t value, unsigned by)
{
    return value << by | value >> (32 - by);
}

static void fill_schedule(uint32_t words[ROUNDS], const uint8_t block[BLOCK_BYTES])
{
    for (size_t i = 0; i < 16; i++) {
        const uint8_t *b = block + 4 * i;
        words[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    for (size_t i = 16; i < ROUNDS; i++) {
        words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    }
}

static uint32_t mix(size_t round, const uint32_t s[5])
{
    if (round < 20) {
        return ((s[1] & s[2]) | (~s[1] & s[3])) + 0x5a827999;
    }
    if (round < 40) {
        return (s[1] ^ s[2] ^ s[3]) + 0x6ed9eba1;
    }
    if (round < 60) {
        return ((s[1] & s[2]) | (s[1] & s[3]) | (s[2] & s[3])) + 0x8f1bbcdc;
    }
    return (s[1] ^ s[2] ^ s[3]) + 0xca62c1d6;
}

static void take_block(struct sha1 *sha)
{
    uint32_t words[ROUNDS];
    uint32_t s[5];
    fill_schedule(words, sha->block);
    memcpy(s, sha->state, sizeof(s));
    for (size_t i = 0; i < ROUNDS; i++) {
        uint32_t next = rotate(s[0], 5) + mix(i, s) + s[4] + words[i];
        s[4] = s[3];
        s[3] = s[2];
        s[2] = rotate(s[1], 30);
        s[1] = s[0];
        s[0] = next;
    }
    for (size_t i = 0; i < 5; i++) {
        sha->state[i] += s[i];
    }
    sha->filled = 0;
    crypto_wipe(words, sizeof(words));
}

static void start(struct sha1 *sha)
{
    *sha = (struct sha1){
        .state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0},
    };
}

static void take(struct sha1 *sha, struct bytes in)
{
    for (size_t i = 0; i < in.len; i++) {
        sha->block[sha->filled++] = (uint8_t)in.data[i];
        if (sha->filled == BLOCK_BYTES) {
            take_block(sha);
        }
    }
    sha->total += in.len;
}

static void finish(struct sha1 *sha, uint8_t out[OTP_SHA1_BYTES])
{
    static const char zeros[BLOCK_BYTES];
    uint64_t bits = sha->total * 8;
    take(sha, (struct bytes){"\x80", 1});
    size_t gap = (BLOCK_BYTES + 56 - sha->filled) % BLOCK_BYTES;
    take(sha, (struct bytes){zeros, gap});
    for (size_t i = 0; i < 8; i++) {
        sha->block[56 + i] = (uint8_t)(bits >> (56 - 8 * i));
    }
    take_block(sha);
    for (size_t i = 0; i < OTP_SHA1_BYTES; i++) {
        out[i] = (uint8_t)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
    }
    crypto_wipe(sha, sizeof(*sha));
}

void otp_sha1(uint8_t out[OTP_SHA1_BYTES], struct bytes in)
{
    struct sha1 sha;
    start(&sha);
    take(&sha, in);
    finish(&sha, out);
}

/* ---- HMAC, RFC 2104 ---- */

static void take_padded_key(struct sha1 *sha, const uint8_t key[BLOCK_BYTES], uint8_t pad)
{
    char padded[BLOCK_BYTES];
    for (size_t i = 0; i < BLOCK_BYTES; i++) {
        padded[i] = (char)(key[i] ^ pad);
    }
    start(sha);
    take(sha, (struct bytes){padded, sizeof(padded)});
    crypto_wipe(padded, sizeof(padded));
}

void otp_hmac_sha1(uint8_t out[OTP_SHA1_BYTES], struct bytes key, struct bytes in)
{
    struct sha1 sha;
    uint8_t block[BLOCK_BYTES] = {0};
    if (key.len > BLOCK_BYTES) {
        otp_sha1(block, key);
    } else if (key.len > 0) {
        memcpy(block, key.data, key.len);
    }
    take_padded_key(&sha, block, 0x36);
    take(&sha, in);
    finish(&sha, out);
    take_padded_key(&sha, block, 0x5c);
    take(&sha, (struct bytes){(const char *)out, OTP_SHA1_BYTES});
    finish(&sha, out);
    crypto_wipe(block, sizeof(block));
}

/* ---- codes ---- */

void otp_code(char out[OTP_DIGITS_MAX + 1], struct bytes secret, uint64_t counter, unsigned digits)
{
    CHECK(digits >= OTP_DIGITS_MIN && digits <= OTP_DIGITS_MAX);
    char text[8];
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)(counter >> (56 - 8 * i) & 0xff);
    }
    uint8_t mac[OTP_SHA1_BYTES];
    otp_hmac_sha1(mac, secret, (struct bytes){text, sizeof(text)});
    const uint8_t *at = mac + (mac[OTP_SHA1_BYTES - 1] & 0x0f);
    uint32_t number =
        (uint32_t)(at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    for (size_t i = digits; i > 0; i--) {
        out[i - 1] = (char)('0' + number % 10);
        number /= 10;
    }
    out[digits] = '\0';
    crypto_wipe(mac, sizeof(mac));
}
