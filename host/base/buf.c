#include "host/base/buf.h"

#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BUF_BYTES_MIN 64

void buf_open(struct buf *buf, size_t bytes_max)
{
    *buf = (struct buf){.bytes_max = bytes_max};
}

void buf_close(struct buf *buf)
{
    mem_free(buf->data);
    buf_open(buf, buf->bytes_max);
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->err = 0;
}

/* Doubles, so that a run of appends costs linear time. */
static int buf_grow(struct buf *buf, size_t needed)
{
    size_t capacity = buf->capacity < BUF_BYTES_MIN ? BUF_BYTES_MIN : buf->capacity;
    while (capacity < needed) {
        capacity = capacity > buf->bytes_max / 2 ? buf->bytes_max : capacity * 2;
    }
    if (capacity > buf->bytes_max) {
        capacity = buf->bytes_max;
    }
    char *data = mem_try_realloc(buf->data, capacity);
    if (data == NULL) {
        return ERR_NOMEM;
    }
    buf->data = data;
    buf->capacity = capacity;
    return 0;
}

char *buf_reserve(struct buf *buf, size_t len)
{
    if (buf->err) {
        return NULL;
    }
    if (len > buf->bytes_max - buf->len) {
        buf->err = ERR_TOO_LARGE;
        return NULL;
    }
    if (len > buf->capacity - buf->len || buf->data == NULL) {
        buf->err = buf_grow(buf, buf->len + len);
    }
    return buf->err ? NULL : buf->data + buf->len;
}

int buf_append(struct buf *buf, struct bytes bytes)
{
    if (bytes.len == 0) {
        return buf->err;
    }
    char *to = buf_reserve(buf, bytes.len);
    if (to == NULL) {
        return buf->err;
    }
    memcpy(to, bytes.data, bytes.len);
    buf->len += bytes.len;
    return 0;
}

int buf_append_text(struct buf *buf, const char *text)
{
    return buf_append(buf, bytes_of(text));
}

int buf_append_char(struct buf *buf, char c)
{
    return buf_append(buf, (struct bytes){&c, 1});
}

int buf_append_integer(struct buf *buf, int64_t value)
{
    char digits[20]; /* the sign and 19 digits of INT64_MIN */
    char *at = digits + sizeof(digits);
    /* Unsigned, since -INT64_MIN has no signed form. */
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0) {
        *--at = '-';
    }
    return buf_append(buf, (struct bytes){at, (size_t)(digits + sizeof(digits) - at)});
}

int buf_append_format(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    CHECK(len >= 0);
    char *to = buf_reserve(buf, (size_t)len);
    if (to == NULL) {
        return buf->err;
    }
    /* vsnprintf wants room for a NUL, which the maximum may not have. */
    char small[256];
    char *whole = (size_t)len < sizeof(small) ? small : mem_try_alloc((size_t)len + 1);
    if (whole == NULL) {
        return buf->err = ERR_NOMEM;
    }
    va_start(args, format);
    vsnprintf(whole, (size_t)len + 1, format, args);
    va_end(args);
    memcpy(to, whole, (size_t)len);
    buf->len += (size_t)len;
    if (whole != small) {
        mem_free(whole);
    }
    return 0;
}

struct bytes buf_bytes(const struct buf *buf)
{
    return (struct bytes){buf->data, buf->len};
}
