/* The formats a string can be asked to have. */
#include "host/base/schema_private.h"

#include <string.h>

#define ID_BYTES_MAX 64

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* As bytes_from_base64url decides, without a place to decode to. */
static bool is_base64url(struct bytes text)
{
    if (text.len % 4 == 1) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_') {
            return false;
        }
    }
    /* The last digit may not set bits that carry nothing: 4 of them, or 2. */
    if (text.len % 4 == 2) {
        return memchr("AQgw", text.data[text.len - 1], 4) != NULL;
    }
    return text.len % 4 == 0 || memchr("AEIMQUYcgkosw048", text.data[text.len - 1], 16) != NULL;
}

static bool is_username(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (!is_letter(c) && !is_digit(c) && c != '_' && c != '.' && c != '-') {
            return false;
        }
    }
    return text.len > 0;
}

/* A scheme, a colon, and characters that RFC 3986 allows. */
static bool is_uri(struct bytes text)
{
    size_t i = 0;
    while (i < text.len &&
           (is_letter(text.data[i]) || (i > 0 && (is_digit(text.data[i]) || text.data[i] == '+' ||
                                                  text.data[i] == '-' || text.data[i] == '.')))) {
        i++;
    }
    if (i == 0 || i + 1 >= text.len || text.data[i] != ':') {
        return false;
    }
    for (i++; i < text.len; i++) {
        char c = text.data[i];
        if (c == '%') {
            if (text.len - i < 3 || !is_hex(text.data[i + 1]) || !is_hex(text.data[i + 2])) {
                return false;
            }
        } else if (!is_letter(c) && !is_digit(c) &&
                   (c == '\0' || strchr("-._~:/?#[]@!$&'()*+,;=", c) == NULL)) {
            return false;
        }
    }
    return true;
}

bool schema_format_holds(enum schema_format format, struct bytes text)
{
    switch (format) {
    case FORMAT_NONE:
        return true;
    case FORMAT_ID:
        return text.len >= 1 && text.len <= ID_BYTES_MAX;
    case FORMAT_BASE64URL:
        return is_base64url(text);
    case FORMAT_USERNAME:
        return is_username(text);
    case FORMAT_URI:
        return is_uri(text);
    }
    return false;
}
