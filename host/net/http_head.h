/*
 * The head of an HTTP/1.1 request (RFC 9112), as a function of bytes alone.
 * Strict where leniency has made holes: line ends, spaces before colons,
 * folded lines, two lengths.
 */
#ifndef HOST_NET_HTTP_HEAD_H
#define HOST_NET_HTTP_HEAD_H

#include "host/net/http.h"

#define HTTP_HEAD_BYTES_MAX 16384
#define HTTP_HEAD_HEADERS_MAX 64
#define HTTP_METHOD_MAX 16

struct http_head {
    const char *method;
    char *path; /* decoded */
    struct bytes query;
    bool is_1_0;
    bool keeps_alive;
    bool expects_continue;
    bool has_length;
    uint64_t content_length;
    struct http_header headers[HTTP_HEAD_HEADERS_MAX];
    size_t headers_count;
};

/* The length of the head with its empty line, or 0 when it is not whole yet. */
size_t http_head_len(struct bytes in);
/*
 * Reads a whole head in place: out points into text, which is changed. Returns
 * 0, or the HTTP status that refuses it (400, 411, 414, 431, 501, 505).
 */
int http_head_read(struct http_head *out, char *text, size_t len);
/* NULL when absent. */
const char *http_head_get(const struct http_head *head, const char *name);
size_t http_head_count(const struct http_head *head, const char *name);
/* Whether any header of this name lists the token, in any case. */
bool http_head_has_token(const struct http_head *head, const char *name, const char *token);
/* The token that follows "Bearer ", or NULL. */
const char *http_head_bearer(const struct http_head *head);
/* Decodes %XX (and '+' if asked) in place; the new length, or ERR_SYNTAX. */
long http_percent_decode(char *text, size_t len, bool plus_is_space);

#endif
