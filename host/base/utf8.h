/* UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, at most U+10FFFF. */
#ifndef HOST_BASE_UTF8_H
#define HOST_BASE_UTF8_H

#include "host/base/bytes.h"

bool utf8_is_valid(struct bytes in);
/* Writes 1 to 4 bytes for a code point that is not a surrogate. */
size_t utf8_encode(char out[4], uint32_t code_point);
/* The number of code points of valid UTF-8. */
size_t utf8_count(struct bytes in);

#endif
