/* A growing run of bytes that is born with a maximum. */
#ifndef HOST_BASE_BUF_H
#define HOST_BASE_BUF_H

#include "host/base/bytes.h"

struct buf {
    char *data;
    size_t len;
    size_t capacity;
    size_t bytes_max;
    int err; /* the first failure; later appends do nothing */
};

void buf_open(struct buf *buf, size_t bytes_max);
/* Releases the memory; the buffer can be opened again. */
void buf_close(struct buf *buf);
/* Empties it and forgets the failure, keeping the memory for reuse. */
void buf_clear(struct buf *buf);

/*
 * 0, or ERR_TOO_LARGE (over bytes_max) or ERR_NOMEM. The failure sticks in
 * buf->err, so that a run of appends needs one look at its end.
 */
int buf_append(struct buf *buf, struct bytes bytes);
int buf_append_text(struct buf *buf, const char *text);
int buf_append_char(struct buf *buf, char c);
int buf_append_integer(struct buf *buf, int64_t value);
__attribute__((format(printf, 2, 3))) int buf_append_format(struct buf *buf, const char *format,
                                                            ...);
/* Room for `len` more bytes to be written in place at data + len; NULL on failure. */
char *buf_reserve(struct buf *buf, size_t len);
/* Lends what it holds, until the next change. */
struct bytes buf_bytes(const struct buf *buf);

#endif
