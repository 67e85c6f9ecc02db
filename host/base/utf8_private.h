/* Inline parts of UTF-8 for the loops that see every byte of a message. */
#ifndef HOST_BASE_UTF8_PRIVATE_H
#define HOST_BASE_UTF8_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

/* True for 10xxxxxx. */
static inline int utf8_is_tail(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* The length of the well-formed sequence at p, which is before end, or 0. */
static inline size_t utf8_sequence_len(const char *p, const char *end)
{
    const unsigned char *u = (const unsigned char *)p;
    size_t left = (size_t)(end - p);
    if (u[0] < 0x80) {
        return 1;
    }
    if (u[0] < 0xe0) { /* c0 and c1 are overlong, 80 to bf are tails */
        return u[0] >= 0xc2 && left >= 2 && utf8_is_tail(u[1]) ? 2 : 0;
    }
    if (u[0] < 0xf0) {
        if (left < 3 || !utf8_is_tail(u[1]) || !utf8_is_tail(u[2])) {
            return 0;
        }
        /* Overlong below U+0800; ed a0 and up are surrogates. */
        return (u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] >= 0xa0) ? 0 : 3;
    }
    if (u[0] > 0xf4 || left < 4 || !utf8_is_tail(u[1]) || !utf8_is_tail(u[2]) ||
        !utf8_is_tail(u[3])) {
        return 0;
    }
    /* Overlong below U+10000; f4 90 is past U+10FFFF. */
    return (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] >= 0x90) ? 0 : 4;
}

#endif
