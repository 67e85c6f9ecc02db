/*
 * The HTTP half of a link: heads and bodies in, answers out. One request at a
 * time: while it is being answered the link is not read.
 */
#include "host/net/http.h"

#include "host/base/buf.h"
#include "host/base/check.h"
#include "host/base/clock.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/net/frame_private.h"
#include "host/net/http_head.h"
#include "host/net/link.h"
#include "host/net/server_private.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define ANSWER_HEAD_BYTES_MAX 16384
#define PROBLEM_BYTES_MAX 512

struct http_request {
    struct link *link; /* NULL when the client has left */
    char *text;        /* what head points into */
    char *body;
    size_t body_len;
    size_t body_capacity;
    char address[CONN_ADDRESS_MAX];
    bool is_loopback;
    struct http_head head;
};

static const char *status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].status == status) {
            return texts[i].text;
        }
    }
    return "Status";
}

static bool header_is_clean(const struct http_header *header)
{
    return strpbrk(header->name, "\r\n: ") == NULL && strpbrk(header->value, "\r\n") == NULL;
}

static void append_date(struct buf *head)
{
    time_t now = (time_t)(clock_wall_ms() / 1000);
    struct tm parts;
    char text[64];
    if (gmtime_r(&now, &parts) != NULL &&
        strftime(text, sizeof(text), "date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts) > 0) {
        (void)buf_append_text(head, text);
    }
}

/* The head, and the body after it unless the request only asked for the head. */
static struct frame *answer_frame(const struct link *link, int status,
                                  const struct http_header *headers, size_t headers_count,
                                  struct bytes body, bool keeps_alive)
{
    struct buf head;
    bool has_body = status >= 200 && status != 204 && status != 304;
    buf_open(&head, ANSWER_HEAD_BYTES_MAX);
    (void)buf_append_format(&head, "HTTP/1.1 %d %s\r\n", status, status_text(status));
    append_date(&head);
    for (size_t i = 0; i < headers_count; i++) {
        if (header_is_clean(&headers[i])) {
            (void)buf_append_format(&head, "%s: %s\r\n", headers[i].name, headers[i].value);
        }
    }
    if (has_body) {
        (void)buf_append_format(&head, "content-length: %zu\r\n", body.len);
    }
    (void)buf_append_format(&head, "%s\r\n", keeps_alive ? "" : "connection: close\r\n");
    size_t body_len = has_body && !link->request_is_head ? body.len : 0;
    struct frame *frame = NULL;
    if (head.err == 0) {
        frame = frame_new_raw(head.len + body_len, FRAME_ANSWER);
    }
    if (frame != NULL) {
        memcpy(frame->data, head.data, head.len);
        if (body_len > 0) {
            memcpy(frame->data + head.len, body.data, body_len);
        }
    }
    buf_close(&head);
    return frame;
}

static void send_answer(struct link *link, int status, const struct http_header *headers,
                        size_t headers_count, struct bytes body, bool keeps_alive)
{
    struct frame *frame = answer_frame(link, status, headers, headers_count, body, keeps_alive);
    if (frame == NULL) {
        link_kill(link);
        return;
    }
    link_send(link, frame);
    frame_release(frame);
}

void link_http_refuse(struct link *link, int status, const char *detail)
{
    char body[PROBLEM_BYTES_MAX];
    struct http_header headers[3] = {{"content-type", "application/problem+json"}};
    size_t headers_count = 1;
    int len =
        snprintf(body, sizeof(body),
                 "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}",
                 status_text(status), status, detail);
    CHECK(len > 0 && (size_t)len < sizeof(body));
    if (status == 401) {
        headers[headers_count++] = (struct http_header){"www-authenticate", "Bearer"};
    }
    if (status == 426) {
        headers[headers_count++] = (struct http_header){"upgrade", "websocket"};
        headers[headers_count++] = (struct http_header){"sec-websocket-version", "13"};
    }
    send_answer(link, status, headers, headers_count, (struct bytes){body, (size_t)len}, false);
    link_end(link);
}

static void request_free(struct http_request *request)
{
    mem_free(request->text);
    mem_free(request->body);
    mem_free(request);
}

void link_http_abandon(struct link *link)
{
    struct http_request *request = link->request;
    if (request == NULL) {
        return;
    }
    link->request = NULL;
    if ((link->pauses & PAUSE_REQUEST) != 0) {
        request->link = NULL; /* the layer above holds it and will answer */
    } else {
        request_free(request);
    }
}

void link_http_tick(struct link *link, int64_t now_ms)
{
    (void)now_ms;
    if ((link->pauses & PAUSE_REQUEST) != 0) {
        link->deadline_ms = 0;
    } else if (link->in_len > 0 || link->request != NULL) {
        link_http_refuse(link, 408, "the request took too long");
    } else {
        link_end(link); /* nobody asks anything any more */
    }
}

/* The whole request goes up. PAUSE_REQUEST is the mark that an answer is owed. */
static void dispatch(struct link *link)
{
    struct http_request *request = link->request;
    link->deadline_ms = 0;
    link_pause(link, PAUSE_REQUEST, true);
    link->server->options.http.request(link->server->options.http.ctx, request);
}

static size_t take_body(struct link *link, const char *data, size_t len)
{
    struct http_request *request = link->request;
    size_t missing = (size_t)request->head.content_length - request->body_len;
    size_t part = len < missing ? len : missing;
    if (link_collect(&request->body, &request->body_len, &request->body_capacity,
                     (struct bytes){data, part}, link->server->options.message_bytes_max) != 0) {
        link_http_refuse(link, 503, "out of memory");
        return len;
    }
    if (part == missing) {
        dispatch(link);
    }
    return part;
}

static void begin(struct link *link, struct http_request *request)
{
    const struct http_head *head = &request->head;
    link->request_is_head = strcmp(head->method, "HEAD") == 0;
    if (strcmp(head->path, "/ws") == 0) {
        link->request = NULL;
        link_upgrade(link, head);
        request_free(request);
        return;
    }
    if (head->content_length > link->server->options.message_bytes_max) {
        link->request = NULL;
        request_free(request);
        link_http_refuse(link, 413, "the body is too large");
        return;
    }
    if (head->content_length == 0) {
        dispatch(link);
        return;
    }
    link->deadline_ms = clock_steady_ms() + LINK_BODY_MS_MAX;
    if (head->expects_continue) {
        struct frame *frame = frame_new_raw(25, FRAME_ANSWER);
        if (frame != NULL) {
            memcpy(frame->data, "HTTP/1.1 100 Continue\r\n\r\n", 25);
            link_send(link, frame);
            frame_release(frame);
        }
    }
}

static struct http_request *request_new(struct link *link, const char *data, size_t len)
{
    struct http_request *request = mem_alloc(sizeof(*request));
    request->link = link;
    request->text = mem_copy_text(data, len);
    memcpy(request->address, link->conn.address, sizeof(request->address));
    request->is_loopback = link->conn.is_loopback;
    return request;
}

size_t link_http_take(struct link *link, char *data, size_t len)
{
    if (link->request != NULL) {
        return take_body(link, data, len);
    }
    if (len >= 2 && data[0] == '\r' && data[1] == '\n') {
        return 2; /* RFC 9112, section 2.2: some clients end a body so */
    }
    if (link->deadline_ms == 0 || link->in_len == 0) {
        link->deadline_ms = clock_steady_ms() + LINK_HEAD_MS_MAX;
    }
    size_t seen = len < HTTP_HEAD_BYTES_MAX ? len : HTTP_HEAD_BYTES_MAX;
    size_t head_len = http_head_len((struct bytes){data, seen});
    link->request_is_head = false;
    if (head_len == 0) {
        if (len >= HTTP_HEAD_BYTES_MAX) {
            link_http_refuse(link, 431, "the request head is too large");
            return len;
        }
        return 0;
    }
    struct http_request *request = request_new(link, data, head_len);
    int status = http_head_read(&request->head, request->text, head_len);
    if (status != 0) {
        request_free(request);
        link_http_refuse(link, status, "the request head is not acceptable");
        return len;
    }
    link->request = request;
    begin(link, request);
    return head_len;
}

const char *http_method(const struct http_request *request)
{
    return request->head.method;
}

const char *http_path(const struct http_request *request)
{
    return request->head.path;
}

struct bytes http_query(const struct http_request *request)
{
    return request->head.query;
}

struct bytes http_body(const struct http_request *request)
{
    return (struct bytes){request->body, request->body_len};
}

const char *http_header(const struct http_request *request, const char *name)
{
    return http_head_get(&request->head, name);
}

const char *http_address(const struct http_request *request)
{
    return request->address;
}

bool http_is_loopback(const struct http_request *request)
{
    return request->is_loopback;
}

/* The piece of the query up to the next '&', cut off its front. */
static struct bytes next_pair(struct bytes *query)
{
    const char *end = query->len == 0 ? NULL : memchr(query->data, '&', query->len);
    size_t len = end == NULL ? query->len : (size_t)(end - query->data);
    struct bytes pair = {query->data, len};
    size_t skip = end == NULL ? len : len + 1;
    query->data = skip == 0 ? query->data : query->data + skip;
    query->len -= skip;
    return pair;
}

long http_query_value(struct bytes query, const char *name, char *out, size_t out_max)
{
    struct bytes wanted = bytes_of(name);
    while (query.len > 0) {
        struct bytes pair = next_pair(&query);
        struct bytes key = {pair.data, 0};
        while (key.len < pair.len && pair.data[key.len] != '=') {
            key.len++;
        }
        if (!bytes_equal(key, wanted)) {
            continue;
        }
        size_t skip = key.len < pair.len ? key.len + 1 : key.len;
        if (pair.len - skip >= out_max) {
            return ERR_TOO_LARGE;
        }
        memcpy(out, pair.data + skip, pair.len - skip);
        long len = http_percent_decode(out, pair.len - skip, true);
        if (len >= 0) {
            out[len] = '\0';
        }
        return len;
    }
    return ERR_NOT_FOUND;
}

void http_answer(struct http_request *request, int status, const struct http_header *headers,
                 size_t headers_count, struct bytes body)
{
    struct link *link = request->link;
    if (link != NULL) {
        bool keeps_alive = request->head.keeps_alive && !link->server->is_draining &&
                           body.len <= HTTP_ANSWER_BYTES_MAX;
        CHECK(link->request == request);
        link->request = NULL;
        link->deadline_ms = clock_steady_ms() + LINK_KEEP_MS_MAX;
        if (body.len > HTTP_ANSWER_BYTES_MAX) {
            link_http_refuse(link, 500, "the answer is too large");
        } else {
            send_answer(link, status, headers, headers_count, body, keeps_alive);
        }
        if (!keeps_alive) {
            link_end(link);
        }
        link_pause(link, PAUSE_REQUEST, false);
    }
    request_free(request);
}
