/*
 * One HTTP request and its answer. The answer may come later; if the client
 * has left by then it is dropped without a word.
 */
#ifndef HOST_NET_HTTP_H
#define HOST_NET_HTTP_H

#include "host/base/bytes.h"

struct http_request;

#define HTTP_PATH_MAX 1024
#define HTTP_QUERY_MAX 4096
#define HTTP_HEADERS_MAX 16
#define HTTP_ANSWER_BYTES_MAX (64 * 1024 * 1024)

struct http_header {
    const char *name; /* lower case, without colon */
    const char *value;
};

struct http_events {
    void *ctx;
    /*
     * A whole request with its body (at most the message limit; larger ones are
     * refused with 413 before this). Exactly one http_answer must follow, now or later.
     */
    void (*request)(void *ctx, struct http_request *request);
};

/* All lent until the answer. method is "GET", "POST", ...; path is percent-decoded, valid UTF-8. */
const char *http_method(const struct http_request *request);
const char *http_path(const struct http_request *request);
struct bytes http_query(const struct http_request *request); /* raw, without '?' */
struct bytes http_body(const struct http_request *request);
/* NULL when absent. Known: authorization, content-type, accept, if-none-match, origin, traceparent,
 * range, user-agent. */
const char *http_header(const struct http_request *request, const char *name);
const char *http_address(const struct http_request *request);
bool http_is_loopback(const struct http_request *request);
/* Percent-decodes the value of a query parameter (application/x-www-form-urlencoded) into out;
 * its length, or ERR_NOT_FOUND, ERR_SYNTAX, ERR_TOO_LARGE. */
long http_query_value(struct bytes query, const char *name, char *out, size_t out_max);

/* Ends the request: the body is copied. On the worker's thread. */
void http_answer(struct http_request *request, int status, const struct http_header *headers,
                 size_t headers_count, struct bytes body);

#endif
