#include "host/base/utf8.h"

#include "host/base/check.h"
#include "host/base/utf8_private.h"

#include <string.h>

bool utf8_is_valid(struct bytes in)
{
    const char *p = in.data;
    const char *end = in.len ? in.data + in.len : in.data;
    while (p < end) {
        uint64_t word;
        if ((size_t)(end - p) >= sizeof(word)) {
            memcpy(&word, p, sizeof(word));
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                p += sizeof(word);
                continue;
            }
        }
        size_t len = utf8_sequence_len(p, end);
        if (len == 0) {
            return false;
        }
        p += len;
    }
    return true;
}

size_t utf8_encode(char out[4], uint32_t code_point)
{
    CHECK(code_point <= 0x10ffff && (code_point < 0xd800 || code_point > 0xdfff));
    unsigned char *u = (unsigned char *)out;
    if (code_point < 0x80) {
        u[0] = (unsigned char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        u[0] = (unsigned char)(0xc0 | (code_point >> 6));
        u[1] = (unsigned char)(0x80 | (code_point & 0x3f));
        return 2;
    }
    if (code_point < 0x10000) {
        u[0] = (unsigned char)(0xe0 | (code_point >> 12));
        u[1] = (unsigned char)(0x80 | ((code_point >> 6) & 0x3f));
        u[2] = (unsigned char)(0x80 | (code_point & 0x3f));
        return 3;
    }
    u[0] = (unsigned char)(0xf0 | (code_point >> 18));
    u[1] = (unsigned char)(0x80 | ((code_point >> 12) & 0x3f));
    u[2] = (unsigned char)(0x80 | ((code_point >> 6) & 0x3f));
    u[3] = (unsigned char)(0x80 | (code_point & 0x3f));
    return 4;
}

size_t utf8_count(struct bytes in)
{
    size_t count = 0;
    for (size_t i = 0; i < in.len; i++) {
        count += !utf8_is_tail((unsigned char)in.data[i]);
    }
    return count;
}
