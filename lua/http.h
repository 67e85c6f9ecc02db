/* Problem details (RFC 9457), for whoever answers HTTP. */
#ifndef LUA_HTTP_H
#define LUA_HTTP_H

#include "host/base/buf.h"
#include "host/net/http.h"
#include "lua/failure.h"

/* Ends the request. data (may be NULL): more members as JSON, without braces. */
void http_answer_problem(struct http_request *request, int status, const char *type,
                         const char *detail, const struct buf *data);
/* 429 for who spent their rate of calls, with what is left of it: nothing. */
void http_answer_limited(struct http_request *request, const struct failure *failure,
                         double calls_burst, int64_t wait_ms);

#endif
