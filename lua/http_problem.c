/* Errors over HTTP: RFC 9457 problem details, and what is left of a rate. */
#include "host/base/json.h"
#include "host/session/rpc.h"
#include "lua/http.h"

#include <stdio.h>

#define PROBLEM_BYTES_MAX 16384

static const struct http_header problem_type = {"content-type", "application/problem+json"};

static void write_problem(struct buf *out, int status, const char *type, const char *detail,
                          const struct buf *data)
{
    buf_append_format(
        out, "{\"status\":%d,\"type\":\"urn:chattermesh:error:%s\",\"title\":", status, type);
    json_write_string(out, bytes_of(type));
    buf_append_text(out, ",\"detail\":");
    json_write_string(out, bytes_of(detail));
    if (data && data->len) {
        buf_append_char(out, ',');
        buf_append(out, buf_bytes(data));
    }
    buf_append_char(out, '}');
}

void http_answer_problem(struct http_request *request, int status, const char *type,
                         const char *detail, const struct buf *data)
{
    struct buf out;
    struct http_header headers[3] = {problem_type};
    size_t count = 1;
    buf_open(&out, PROBLEM_BYTES_MAX);
    write_problem(&out, status, type, detail, data);
    if (status == 401) {
        headers[count++] = (struct http_header){"www-authenticate", "Bearer"};
    }
    if (status == 429 || status == 503) {
        headers[count++] = (struct http_header){"retry-after", "1"};
    }
    http_answer(request, status, headers, count, buf_bytes(&out));
    buf_close(&out);
}

void http_answer_limited(struct http_request *request, const struct failure *failure,
                         double calls_burst, int64_t wait_ms)
{
    char limit[24];
    char seconds[24];
    snprintf(limit, sizeof(limit), "%.0f", calls_burst);
    snprintf(seconds, sizeof(seconds), "%lld", (long long)((wait_ms + 999) / 1000));
    const struct http_header headers[] = {
        problem_type,
        {"retry-after", seconds},
        {"ratelimit-limit", limit},
        {"ratelimit-remaining", "0"},
        {"ratelimit-reset", seconds},
    };
    struct buf out;
    buf_open(&out, PROBLEM_BYTES_MAX);
    write_problem(&out, 429, rpc_type(RPC_RATE_LIMITED), failure->message, &failure->data);
    http_answer(request, 429, headers, sizeof(headers) / sizeof(headers[0]), buf_bytes(&out));
    buf_close(&out);
}
