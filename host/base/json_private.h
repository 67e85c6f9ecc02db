/* What the reader and the writer of JSON share. */
#ifndef HOST_BASE_JSON_PRIVATE_H
#define HOST_BASE_JSON_PRIVATE_H

#include "host/base/json.h"

#include <string.h>

/* The bytes that need a look inside a string: a quote, a backslash, a control, above ASCII. */
static inline bool json_is_plain(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* The first byte from p on that is not plain, or end. Eight bytes a step. */
static inline const char *json_skip_plain(const char *p, const char *end)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word;
    while ((size_t)(end - p) >= sizeof(word)) {
        memcpy(&word, p, sizeof(word));
        /* A subtraction sets the top bit of each byte that was too small. A borrow can spoil
         * only bytes after the first hit, which is all that is looked for. */
        uint64_t hits = (word | (word - ones * 0x20) | ((word ^ ones * '"') - ones) |
                         ((word ^ ones * '\\') - ones)) &
                        ones * 0x80;
        if (hits != 0) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            return p + (__builtin_ctzll(hits) >> 3);
#else
            break;
#endif
        }
        p += sizeof(word);
    }
    while (p < end && json_is_plain(*p)) {
        p++;
    }
    return p;
}

/*
 * Reads the number at *at into node->type and its value, and moves *at behind
 * it, or to where it stopped being one. 0, ERR_SYNTAX or ERR_NOMEM.
 */
int json_read_number(const char **at, const char *end, struct json_node *node);
/* Marks all but the last of equal names in a complete object. 0 or ERR_NOMEM. */
int json_drop_duplicates(struct json_doc *doc, uint32_t object);

#endif
